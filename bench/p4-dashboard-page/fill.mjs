// Fills the database through the product's own forms: two tenants, their keys, and the sessions of their owners.

/** Of a tenant's keys, how many are stopped. */
const STOPPED = 2;
/** Browsers in which an owner is signed in. */
const BROWSERS = 4;

/** What keys are for, with what has to be escaped among it. The first is made with the tenant. */
const NAMES = [
  'First key', 'Till in the shop', 'Till in the warehouse', 'Import of orders', 'Månadens rapport', 'Returns & repairs', 'Newsletter',
  'Stock <-> web shop', 'Monitoring', "Åsa's laptop", 'Price list', 'The "old" app', 'The new app', 'Parcel labels', 'Book-keeping',
  'Backup at night', 'Chat on the phone', 'Data warehouse', 'Trial of the agency', 'Screen in the hall',
];

/** Keys of a tenant. */
export const KEYS = NAMES.length;

/** Sends a form as a browser does; the answer, which may lead elsewhere. */
async function send(samtal, path, fields, cookie) {
  const headers = cookie && { cookie };
  const answer = await fetch(samtal.url + path, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(fields) });
  if (answer.status >= 400) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** A tenant: the names of its keys in the order in which the page shows them, and its sessions' cookies. */
async function tenant(samtal, number) {
  const email = `owner${number}@fjallhus.example`;
  const made = samtal.tenant(`Fjällhus ${number} AB`, email);
  const cookies = [];
  for (let n = 0; n < BROWSERS; n++) cookies.push(await samtal.signIn(email));
  // The tenant's number stands in the names, so that they cannot be taken for the other's.
  const names = NAMES.map((name, at) => (at === 0 ? name : `${name} ${number}`));
  for (const name of names.slice(1)) {
    const page = await (await send(samtal, '/dashboard/api-keys', { name }, cookies[0])).text();
    const secret = /<code id="secret">(smt_[0-9a-f]{48})/.exec(page)?.[1];
    if (!secret) throw new Error(`No key was made: ${page}`);
    // Every other one has been used.
    if (names.indexOf(name) % 2 === 0) await samtal.api({ key: secret }, 'GET', '/me');
  }
  await samtal.api(made, 'GET', '/me');
  const page = await (await fetch(`${samtal.url}/dashboard/api-keys`, { headers: { cookie: cookies[0] } })).text();
  // From the oldest on.
  const stop = [...page.matchAll(/action="(\/dashboard\/api-keys\/key_\w+\/revoke)"/g)].map(([, path]) => path).reverse();
  for (const path of stop.slice(1, 1 + STOPPED)) await send(samtal, path, {}, cookies[0]);
  // The newest is on top, and what is stopped at the end.
  const shown = [...names.slice(1 + STOPPED).reverse(), names[0], ...names.slice(1, 1 + STOPPED).reverse()];
  return { cookies, names: shown };
}

export async function fill(samtal) {
  const tenants = [];
  for (const number of [1, 2]) tenants.push(await tenant(samtal, number));
  samtal.sql('vacuum analyze');
  samtal.sql('checkpoint');
  return tenants;
}
