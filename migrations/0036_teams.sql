-- Teams of a company's members, what is given to them, and how conversations came to be: for roles that reach what is their teams', or what
-- came by some channels. Permissions by name say which: what nobody has taken (`conversations.unassigned`), what is one's teams'
-- (`conversations.teams`), and one for each channel (`channels.…`). Roles and keys that read conversations, and keys that only write there, go
-- on as before. Columns are changed by their type, since row-level security hides the rows of every tenant from an update.
lock table app.tenants, app.memberships, app.conversations, app.roles, app.api_keys in access exclusive mode;
create table app.teams (
  tenant_id uuid not null,
  team_id uuid not null,
  name text not null,
  -- The same in small letters: no two are called alike.
  folded text not null,
  created_at timestamptz not null,
  constraint teams_pkey primary key (tenant_id, team_id),
  constraint teams_name_key unique (tenant_id, folded),
  constraint teams_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint teams_name_check check (char_length(name) between 1 and 40),
  constraint teams_folded_check check (char_length(folded) between 1 and 120)
);
call app.protect('app.teams');

create table app.team_members (
  tenant_id uuid not null,
  member_id uuid not null,
  team_id uuid not null,
  constraint team_members_pkey primary key (tenant_id, member_id, team_id),
  constraint team_members_member_fkey foreign key (tenant_id, member_id)
    references app.memberships (tenant_id, member_id) on delete cascade,
  constraint team_members_team_fkey foreign key (tenant_id, team_id)
    references app.teams (tenant_id, team_id) on delete cascade
);
call app.protect('app.team_members');
create index team_members_team_idx on app.team_members (tenant_id, team_id);

alter table app.conversations add column team_id uuid;
alter table app.conversations add constraint conversations_team_fkey foreign key (tenant_id, team_id)
  references app.teams (tenant_id, team_id) on delete set null (team_id);
-- For a team that is deleted.
create index conversations_team_idx on app.conversations (tenant_id, team_id) where team_id is not null;
-- By which channel a conversation came. What a program from before this wrote counts as the widget's, since it did not say.
alter table app.conversations add column channel text not null default 'widget'
  constraint conversations_channel_check check (channel in ('widget', 'api'));

alter table app.roles alter column permissions type text[] using
  case when 'conversations.read' = any (permissions)
    then permissions || '{conversations.unassigned,channels.widget,channels.api}'::text[]
      || case when 'conversations.others' = any (permissions) then '{conversations.teams}'::text[] else '{}'::text[] end
    else permissions end;
alter table app.api_keys alter column scopes type text[] using
  case when scopes && '{conversations.read,conversations.write}'::text[]
    then scopes || '{conversations.unassigned,channels.widget,channels.api}'::text[]
      || case when 'conversations.others' = any (scopes) then '{conversations.teams}'::text[] else '{}'::text[] end
    else scopes end;

-- Whether somebody reaches a conversation: by which channel that came, the team that it was given to, and whose it is; then who asks, in
-- which teams they are, and what they may, by name. Null is who reaches all. In Rust: `Reach::reaches` in `crates/conversations`.
create function app.reached(channel text, team uuid, holder uuid, member uuid, teams uuid[], may text[]) returns boolean
  language sql immutable parallel safe
  return may is null or holder = member or 'channels.' || channel = any (may) and (
    'conversations.others' = any (may)
    or (team is null or team = any (teams)) and (
      holder is null and 'conversations.unassigned' = any (may)
      or team is not null and 'conversations.teams' = any (may)));
grant execute on function app.reached(text, uuid, uuid, uuid, uuid[], text[]) to app_tenant;
