-- Somebody may be called something else. Tenants see a copy of the name, which goes along.
grant update (name) on app.memberships to app_platform;
