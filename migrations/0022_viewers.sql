-- A role that sees conversations and documents, and changes nothing.
lock table app.memberships, app.invitations in access exclusive mode;
alter table app.memberships drop constraint memberships_role_check;
alter table app.memberships add constraint memberships_role_check check (role in ('owner', 'admin', 'agent', 'viewer'));
alter table app.invitations drop constraint invitations_role_check;
alter table app.invitations add constraint invitations_role_check check (role in ('owner', 'admin', 'agent', 'viewer'));
