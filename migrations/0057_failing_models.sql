-- Why a model has not answered when it was asked last, and since when it has not, for who looks after it: nothing, once it answers.
alter table app.models add column fault jsonb;
alter table app.models add column failing_since timestamptz;
alter table app.models add constraint models_fault_check check (
  num_nulls(fault, failing_since) in (0, 2) and (fault is null or char_length(fault::text) <= 1000));
