-- Somebody may take another address. Tenants see a copy of it, which goes along.
grant update (email) on app.people to app_platform;
create policy platform_update on app.memberships for update to app_platform using (true) with check (true);
grant update (email) on app.memberships to app_platform;
