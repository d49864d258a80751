-- Who is asked to join a tenant: by a letter to an address, whose link makes a membership, once. And a role between owner and
-- agent.
alter table app.memberships drop constraint memberships_role_check;
alter table app.memberships add constraint memberships_role_check check (role in ('owner', 'admin', 'agent'));

create table app.invitations (
  tenant_id uuid not null,
  invitation_id uuid not null,
  email text not null,
  role text not null,
  invited_by uuid,
  by_hand boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  constraint invitations_pkey primary key (tenant_id, invitation_id),
  constraint invitations_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint invitations_invited_by_fkey foreign key (tenant_id, invited_by)
    references app.memberships (tenant_id, member_id) on delete set null (invited_by),
  constraint invitations_email_check check (octet_length(email) <= 254 and email = lower(email collate "C")),
  constraint invitations_role_check check (role in ('owner', 'admin', 'agent'))
);
call app.protect('app.invitations', rights => 'select, insert, update');
-- Whoever has the link is not known to be anybody's yet.
call app.directory('app.invitations',
  reads => 'tenant_id, invitation_id, email, role, by_hand, expires_at, accepted_at, revoked_at',
  updates => 'accepted_at');
create unique index invitations_open_key on app.invitations (tenant_id, email) where accepted_at is null and revoked_at is null;
create index invitations_invited_by_idx on app.invitations (tenant_id, invited_by);

-- Whoever is a member nowhere any more may begin anew, with another name.
grant update (name) on app.people to app_platform;
