-- With whom a model was, by the host of its address, so that what was used can be told by provider. What was counted before does not know it. As the
-- name, it is the one that the day ended with.
alter table app.model_days add column provider text;
alter table app.model_days add constraint model_days_provider_check check (char_length(provider) between 1 and 500);
