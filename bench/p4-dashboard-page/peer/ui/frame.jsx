// The sidebar, the bar on phones, and the profile menu.
import { Avatar, Icon } from './parts.jsx';
import { THEMES } from './theme.js';

const WORKSPACE = [
  ['/dashboard/knowledge', 'Knowledge', 'book'],
  ['/dashboard/members', 'Members', 'people'],
  ['/dashboard/api-keys', 'API keys', 'key'],
  ['/dashboard/audit-log', 'Audit log', 'list'],
  ['/dashboard/sign-on', 'Company sign-on', 'door'],
  ['/dashboard/settings', 'Settings', 'sliders'],
];
const ROLES = { owner: 'Owner', agent: 'Agent' };

function Entry({ here, path, name, shape }) {
  return (
    <li>
      <a href={path} aria-current={here === path ? 'page' : undefined}>
        <Icon shape={shape} />
        {name}
      </a>
    </li>
  );
}

/** A page, with everything around it. */
export function Frame({ who, theme, here, children }) {
  const role = ROLES[who.role];
  return (
    <>
      <a className="skip-link" href="#main">Skip to the content</a>
      <header className="topbar">
        <button className="button button--plain button--square" type="button" popoverTarget="sidebar" aria-label="Menu">
          <Icon shape="menu" />
        </button>
        <p className="tenant"><span>{who.tenant_name}</span></p>
        <button className="button button--plain button--square" type="button" popoverTarget="me">
          <Avatar name={who.name} />
          <span className="visually-hidden">{who.name}, your account</span>
        </button>
      </header>
      <nav className="sidebar" id="sidebar" aria-label="Dashboard" popover="auto">
        <p className="tenant"><Avatar name={who.tenant_name} company /><span>{who.tenant_name}</span></p>
        <div className="nav">
          <ul role="list">
            <Entry here={here} path="/dashboard" name="Home" shape="home" />
            <Entry here={here} path="/dashboard/inbox" name="Inbox" shape="inbox" />
          </ul>
          <div>
            <h2 id="nav-workspace">Workspace</h2>
            <ul role="list" aria-labelledby="nav-workspace">
              {WORKSPACE.map(([path, name, shape]) => <Entry key={path} here={here} path={path} name={name} shape={shape} />)}
            </ul>
          </div>
        </div>
        <button className="me" type="button" popoverTarget="me">
          <Avatar name={who.name} />
          <span>{who.name}<small>{role}</small></span>
          <Icon shape="upDown" />
        </button>
      </nav>
      <section className="menu menu--me" id="me" aria-label="Your account" popover="auto">
        <p className="menu__who">
          <strong>{who.name}</strong> {who.email}<br />{role} of {who.tenant_name}
        </p>
        <hr />
        <form method="post" action="/preferences/theme">
          <fieldset className="choice">
            <legend>Appearance</legend>
            <div className="choice__options">
              {THEMES.map(([value, name]) => (
                <button key={value} type="submit" name="theme" value={value} aria-pressed={value === theme}>{name}</button>
              ))}
            </div>
          </fieldset>
        </form>
        <hr />
        <a className="menu__item" href="/dashboard/account"><Icon shape="key" />Your account</a>
        <a className="menu__item" href="/dashboard/workspaces"><Icon shape="upDown" />Your workspaces</a>
        <form method="post" action="/logout">
          <button className="menu__item" type="submit"><Icon shape="leave" />Sign out</button>
        </form>
      </section>
      <main className="page" id="main" tabIndex={-1}>{children}</main>
    </>
  );
}
