// The keys of the workspace, and the forms that make and stop them.
import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';
import { keysFor } from '../../../read.mjs';
import { Frame } from '../../../ui/frame.jsx';
import { Icon } from '../../../ui/parts.jsx';
import { theme } from '../../../ui/theme.js';

export const metadata = { title: 'API keys · Samtal', robots: { index: false } };

const HERE = '/dashboard/api-keys';
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const day = (at) => `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;

const SCOPES = [
  ['workspace.read', 'See the workspace, its members and its API keys', true],
  ['conversations.read', 'Read all conversations', true],
  ['conversations.write', 'Write to contacts, and take over, hand back and resolve conversations', true],
  ['documents.read', 'Read and search documents', true],
  ['documents.manage', 'Upload and delete documents', true],
  ['members.manage', 'Invite and remove members, and change what they may do', false],
  ['settings.manage', 'Change the settings of the workspace, and bring earlier ones back', false],
  ['audit.read', 'Read who did what, in the audit log', false],
];
const DAYS = [['', 'Until it is revoked'], ['30', '30 days'], ['90', '90 days'], ['365', 'A year']];

function More() {
  return (
    <details className="more">
      <summary>What it may do, and for how long</summary>
      <input type="hidden" name="chosen" value="1" />
      <fieldset className="checks" id="scopes">
        <legend className="field__label">What the key may do</legend>
        {SCOPES.map(([name, sentence, usual]) => (
          <label key={name} className="check"><input type="checkbox" name={name} value="1" defaultChecked={usual} /> {sentence}</label>
        ))}
      </fieldset>
      <div className="field">
        <label className="field__label" htmlFor="days">How long it works</label>
        <select className="field__input" id="days" name="days" defaultValue="">
          {DAYS.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
        </select>
      </div>
    </details>
  );
}

function Replace({ id, name }) {
  const dialog = `replace-${id}`;
  return (
    <>
      <button className="button button--small" type="button" aria-label={`Replace ${name}`} command="show-modal" commandfor={dialog}>
        Replace
      </button>
      <dialog className="dialog" id={dialog} aria-labelledby={`${dialog}-title`} aria-describedby={`${dialog}-text`}>
        <div className="dialog__head">
          <h2 id={`${dialog}-title`}>Replace {name}?</h2>
          <p id={`${dialog}-text`}>
            You see a new secret, once; it may do the same. Give it to the program while the old one still works.
          </p>
        </div>
        <form className="form" method="post" action={`${HERE}/${id}/rotate`}>
          <div className="field">
            <label className="field__label" htmlFor={`${dialog}-overlap`}>The old one works</label>
            <select className="field__input" id={`${dialog}-overlap`} name="overlap">
              <option value="day">For a day</option>
              <option value="week">For a week</option>
              <option value="none">No longer</option>
            </select>
          </div>
          <div className="dialog__actions">
            <button className="button" type="button" command="close" commandfor={dialog}>Not now</button>
            <button className="button button--primary" type="submit">Replace {name}</button>
          </div>
        </form>
      </dialog>
    </>
  );
}

function End({ row, id }) {
  if (row.revoked_at) return <span className="badge">Revoked {day(row.revoked_at)}</span>;
  if (row.expires_at && row.expires_at <= new Date()) return <span className="badge">Ended {day(row.expires_at)}</span>;
  return (
    <div className="actions">
      <Replace id={id} name={row.name} />
      <Stop id={id} name={row.name} prefix={row.prefix} />
    </div>
  );
}

function Stop({ id, name, prefix }) {
  const dialog = `revoke-${id}`;
  return (
    <>
      <button className="button button--small" type="button" aria-label={`Revoke ${name}`} command="show-modal" commandfor={dialog}>
        Revoke
      </button>
      <dialog className="dialog" id={dialog} aria-labelledby={`${dialog}-title`} aria-describedby={`${dialog}-text`}>
        <div className="dialog__head">
          <h2 id={`${dialog}-title`}>Revoke {name}?</h2>
          <p id={`${dialog}-text`}>
            Whatever uses the key <code>{prefix}…</code> is refused from this moment on. This cannot be undone; you can create a
            new key at any time.
          </p>
        </div>
        <form className="dialog__actions" method="post" action={`${HERE}/${id}/revoke`}>
          <button className="button" type="button" command="close" commandfor={dialog}>Keep it</button>
          <button className="button button--danger" type="submit">Revoke {name}</button>
        </form>
      </dialog>
    </>
  );
}

function Row({ row }) {
  const id = `key_${row.key_id.replaceAll('-', '')}`;
  const until = row.expires_at && !row.revoked_at ? ` · until ${day(row.expires_at)}` : '';
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <span className="entry"><span>{row.name}<small><code>{row.prefix}…</code>{until}<br />{row.scopes.join(', ')}</small></span></span>
      </th>
      <td role="cell" data-label="Created"><time dateTime={row.created_at.toISOString()}>{day(row.created_at)}</time></td>
      <td role="cell" data-label="Last used">{row.last_used_at ? day(row.last_used_at) : 'Never'}</td>
      <td className="table__end" role="cell"><End row={row} id={id} /></td>
    </tr>
  );
}

export default async function Page() {
  const jar = await cookies();
  const found = await keysFor(jar.get('samtal')?.value);
  if (!found) redirect(`/login?next=${HERE}`);
  return (
    <Frame who={found.who} theme={theme(jar)} here={HERE}>
      <header className="page__head"><h1>API keys</h1><p>Each key lets one program act for this workspace.</p></header>
      <section className="section" aria-labelledby="keys">
        <div className="section__head">
          <div className="section__text">
            <h2 id="keys">Keys</h2>
            <p>Give every program its own, so that you can take one away without touching the others.</p>
          </div>
        </div>
        <form className="form" method="post" action={HERE}>
          <div className="form form--inline">
            <div className="field">
              <label className="field__label" htmlFor="name">What the key is for</label>
              <input className="field__input" id="name" name="name" type="text" autoComplete="off" defaultValue="" maxLength={60} required />
            </div>
            <button className="button button--primary" type="submit"><Icon shape="plus" />Create key</button>
          </div>
          <More />
        </form>
        <div className="table">
          <table role="table" aria-labelledby="keys">
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">Name</th>
                <th role="columnheader" scope="col">Created</th>
                <th role="columnheader" scope="col">Last used</th>
                <th className="table__end" role="columnheader" scope="col"><span className="visually-hidden">Action</span></th>
              </tr>
            </thead>
            <tbody role="rowgroup">{found.keys.map((row) => <Row key={row.key_id} row={row} />)}</tbody>
          </table>
        </div>
      </section>
    </Frame>
  );
}
