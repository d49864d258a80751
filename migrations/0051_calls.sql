-- Calls that contacts ask for: whether they may, and when people are there. As all settings these stand in the tenant's row. A conversation knows
-- since when a call is wanted in it, so that asking twice is asking once.
alter table app.tenants add column calls boolean not null default false;
alter table app.tenants add column time_zone text;
alter table app.tenants add column service_hours text[] not null default '{}';
alter table app.tenants add constraint tenants_time_zone_check check (char_length(time_zone) between 1 and 64);
alter table app.tenants add constraint tenants_service_hours_check
  check (cardinality(service_hours) in (0, 7) and (cardinality(service_hours) = 0 or time_zone is not null));
grant update (calls, time_zone, service_hours) on app.tenants to app_tenant;
alter table app.conversations add column call_wanted_at timestamptz;
