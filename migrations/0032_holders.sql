-- Whose a conversation is, for roles that see what nobody has and their own alone (`conversations.others` is the right to see the rest): who
-- has taken it, or had it last, until it waits for a person again. Roles and keys that read all conversations still do. Columns are changed
-- by their type, since row-level security hides the rows of every tenant from an update.
lock table app.conversations, app.roles, app.api_keys in access exclusive mode;
alter table app.conversations add column holder_id uuid;
alter table app.conversations alter column holder_id type uuid using assignee_id;
alter table app.conversations add constraint conversations_holder_fkey foreign key (tenant_id, holder_id)
  references app.memberships (tenant_id, member_id) on delete set null (holder_id);
alter table app.roles alter column permissions type text[] using
  case when 'conversations.read' = any (permissions) then permissions || '{conversations.others}' else permissions end;
alter table app.api_keys alter column scopes type text[] using
  case when 'conversations.read' = any (scopes) then scopes || '{conversations.others}' else scopes end;
