-- A key that was replaced is not replaced again: its end is not the one that it was made for.
alter table app.api_keys add column replaced_at timestamptz;
grant update (replaced_at) on app.api_keys to app_tenant;
