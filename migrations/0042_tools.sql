-- What a company's assistant may call while it writes an answer: addresses of the company's own, what they take as JSON Schema, and a header with
-- a secret where they want one. Those that are not for conversations are called for its own people alone.
create table app.tools (
  tenant_id uuid not null,
  tool_id uuid not null,
  name text not null,
  description text not null,
  method text not null,
  -- With names in braces, in its path and query, for what is filled in.
  address text not null,
  parameters text not null,
  header text,
  secret_sealed bytea,
  enabled boolean not null,
  in_conversations boolean not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint tools_pkey primary key (tenant_id, tool_id),
  constraint tools_name_key unique (tenant_id, name),
  constraint tools_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint tools_name_check check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint tools_description_check check (char_length(description) between 1 and 500),
  constraint tools_method_check check (method in ('get', 'post')),
  constraint tools_address_check check (octet_length(address) between 1 and 500),
  constraint tools_parameters_check check (octet_length(parameters) between 1 and 8192),
  constraint tools_header_check check (char_length(header) between 1 and 60 and (header is null) = (secret_sealed is null)),
  constraint tools_secret_sealed_check check (octet_length(secret_sealed) between 37 and 2000)
);
call app.protect('app.tools');
-- Secrets are sealed anew with a new key of the installation's.
call app.directory('app.tools', reads => 'tenant_id, tool_id, secret_sealed', updates => 'secret_sealed');
