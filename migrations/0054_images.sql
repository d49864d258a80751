-- Whether a model is asked with pictures: off until somebody says that it looks at them.
alter table app.models add column images boolean not null default false;
