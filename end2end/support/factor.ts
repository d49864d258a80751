// An app on a phone that makes codes (RFC 6238).
import { type Page, expect } from '@playwright/test';
import { createHmac } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP = 30_000;

/** The code that an app shows which knows this key, so many steps from now. */
export function code(key: string, later = 0): string {
  const bits = [...key.replaceAll(' ', '')].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const seed = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP) + later));
  const hash = createHmac('sha1', seed).update(step).digest();
  const number = hash.readUInt32BE(hash[19]! & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Begins to set one up; gives the key. */
export async function beginFactor(page: Page, password: string): Promise<string> {
  await page.goto('/dashboard/account/code');
  await page.getByLabel('Your password').fill(password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('img', { name: /picture for your app/ })).toBeVisible();
  return page.locator('#key').innerText();
}

/** Turns it on; gives the key and the codes for paper. */
export async function turnFactorOn(page: Page, password: string): Promise<{ key: string; codes: string[] }> {
  const key = await beginFactor(page, password);
  await page.getByLabel('Code').fill(code(key));
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await expect(page.locator('#codes li')).toHaveCount(10);
  return { key, codes: await page.locator('#codes li').allInnerTexts() };
}
