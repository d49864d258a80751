-- The language that a member has chosen, in each of their workspaces, and the one of a workspace, for those who have not. Letters
-- are written in it.
lock table app.tenants, app.memberships in access exclusive mode;
alter table app.memberships add column language text;
alter table app.memberships add constraint memberships_language_check check (language in ('en', 'es'));
alter table app.tenants add column language text;
alter table app.tenants add constraint tenants_language_check check (language in ('en', 'es'));
grant update (language) on app.tenants to app_tenant;
grant select (language), insert (language), update (language) on app.memberships to app_platform;
grant select (language) on app.tenants to app_platform;
