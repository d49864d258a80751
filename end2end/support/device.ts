// A device with passkeys, as the browser has them (Chromium's virtual authenticator).
import { type Page, expect } from '@playwright/test';
import type { Person } from './people.ts';
import type { Server } from './server.ts';

export class Device {
  private constructor(
    private readonly ask: (method: string, more?: object) => Promise<unknown>,
    readonly id: string,
  ) {}

  /** Beside a page: one that its owner unlocks whenever it is asked. */
  static async beside(page: Page): Promise<Device> {
    const line = await page.context().newCDPSession(page);
    await line.send('WebAuthn.enable');
    const { authenticatorId } = await line.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const ask = (method: string, more: object = {}) => line.send(`WebAuthn.${method}` as 'WebAuthn.clearCredentials', { authenticatorId, ...more });
    return new Device(ask, authenticatorId);
  }

  /** Whether its owner unlocks it from now on. */
  async unlocks(isUserVerified: boolean): Promise<void> {
    await this.ask('setUserVerified', { isUserVerified });
  }

  /** The passkeys that are on it. */
  async passkeys(): Promise<{ credentialId: string; rpId: string; userHandle: string }[]> {
    const { credentials } = (await this.ask('getCredentials')) as { credentials: { credentialId: string; rpId: string; userHandle: string }[] };
    return credentials;
  }

  /** Takes the passkeys of another one. */
  async has(passkeys: object[]): Promise<void> {
    for (const credential of passkeys) await this.ask('addCredential', { credential });
  }
}

/** Makes a passkey for who is signed in; gives the codes for paper, if some come with it. */
export async function makePasskey(page: Page, name: string, password: string): Promise<string[]> {
  await page.goto('/dashboard/account/passkeys');
  await page.getByLabel('Name').fill(name);
  await page.locator('#password').fill(password);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await expect(page.locator('#codes, [role=status]').first()).toBeVisible();
  return page.locator('#codes li').allInnerTexts();
}

/** Gives somebody passkeys whose devices nobody has. */
export function putPasskeys(server: Server, { email }: Person, names: string[]): void {
  for (const name of names) {
    server.sql(
      `insert into app.passkeys (passkey_id, person_id, credential_id, credential, name, created_at)
       select gen_random_uuid(), person_id, uuid_send(gen_random_uuid()), '{}', '${name}', now() from app.people where email = '${email}'`,
    );
  }
}
