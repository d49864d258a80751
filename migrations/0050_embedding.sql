-- The sites that may show meetings in their pages. As all settings it stands in the tenant's row; the page of a meeting reads it there.
alter table app.tenants add column embed_origins text[] not null default '{}';
alter table app.tenants add constraint tenants_embed_origins_check check (cardinality(embed_origins) <= 20);
grant update (embed_origins) on app.tenants to app_tenant;
