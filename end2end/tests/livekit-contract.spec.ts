// LiveKit as its own library for servers has it: that takes our tokens and our questions, signs what we are told, and asks the same as we do. (With a real
// server, where one could be built, in livekit.spec.ts.)
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  DeleteRoomRequest,
  DeleteRoomResponse,
  ListParticipantsRequest,
  ListParticipantsResponse,
  MuteRoomTrackRequest,
  MuteRoomTrackResponse,
  ParticipantInfo,
  RemoveParticipantResponse,
  RoomParticipantIdentity,
  TrackInfo,
  TrackSource,
} from '@livekit/protocol';
import { AccessToken, type ClaimGrants, RoomServiceClient, TokenVerifier } from 'livekit-server-sdk';
import { expect, test } from '../support/fixtures.ts';
import { makeMeeting } from '../support/meetings.ts';
import { signUp, somebody } from '../support/people.ts';
import { newFolder } from '../support/server.ts';

const [KEY, SECRET] = ['devkey', 'north-north-north-north-north-north'];

type Asked = { method: string; says: unknown; may: ClaimGrants['video'] };

/** Answers as a RoomService does, and keeps what it was asked, as the library reads it. What the library does not know is an error. */
async function rooms() {
  const asked: Asked[] = [];
  const wrong: unknown[] = [];
  const there: ParticipantInfo[] = [];
  const verifier = new TokenVerifier(KEY, SECRET);
  const methods = {
    ListParticipants: [ListParticipantsRequest, () => new ListParticipantsResponse({ participants: there })],
    RemoveParticipant: [RoomParticipantIdentity, () => new RemoveParticipantResponse()],
    MutePublishedTrack: [MuteRoomTrackRequest, () => new MuteRoomTrackResponse()],
    DeleteRoom: [DeleteRoomRequest, () => new DeleteRoomResponse()],
  } as const;
  const service = createServer(async (request, response) => {
    try {
      let body = '';
      for await (const part of request) body += part;
      const method = request.url!.replace('/twirp/livekit.RoomService/', '') as keyof typeof methods;
      const [question, answer] = methods[method];
      const { video } = await verifier.verify(request.headers.authorization!.replace('Bearer ', ''));
      asked.push({ method, says: question.fromJsonString(body).toJson(), may: video });
      response.setHeader('content-type', 'application/json');
      // As LiveKit's server writes it.
      response.end(answer().toJsonString({ useProtoFieldName: true, emitDefaultValues: true }));
    } catch (error) {
      wrong.push(error);
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((listens) => service.listen(0, '127.0.0.1', listens));
  const { port } = service.address() as AddressInfo;
  return { asked, wrong, there, verifier, address: `127.0.0.1:${port}`, close: () => service.close() };
}

/** Somebody in a meeting, as their page is: what they are told, and how they say something. */
async function attends(server: string, path: string, headers: Record<string, string>, name?: string) {
  const asks = { method: 'POST', headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' } };
  const answer = await fetch(`${server}${path}/join`, { ...asks, body: JSON.stringify({ name, consent: true }) });
  const { token, person } = (await answer.json()) as { token: string; person: string };
  const socket = new WebSocket(`${server.replace('http', 'ws')}/ws/meet`);
  const frames: Record<string, string>[] = [];
  socket.onmessage = ({ data }) => frames.push(JSON.parse(data));
  await new Promise((opens) => (socket.onopen = opens));
  const say = (frame: object) => socket.send(JSON.stringify(frame));
  const told = async (type: string) => {
    await expect.poll(() => frames.some((frame) => frame.type === type)).toBe(true);
    return frames.find((frame) => frame.type === type)!;
  };
  say({ type: 'hello', token, consent: true });
  await told('welcome');
  return { person, say, told, close: () => socket.close() };
}

test('the library of LiveKit takes our tokens and questions, asks the same, and is believed', async ({ startServer, newContext }) => {
  const livekit = await rooms();
  const folder = newFolder();
  const secret = join(folder, 'livekit.secret');
  writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
  try {
    const server = await startServer({
      SAMTAL__MEDIA__LIVEKIT__URL: `ws://${livekit.address}`,
      SAMTAL__MEDIA__LIVEKIT__KEY: KEY,
      SAMTAL__MEDIA__LIVEKIT__SECRET_FILE: secret,
    });
    const context = await newContext({ baseURL: server.url });
    await signUp(context.request, somebody());
    const path = await makeMeeting(context.request);
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const host = await attends(server.url, path, { cookie, origin: server.url });
    const kim = await attends(server.url, path, {}, 'Kim');

    // What opens a seat lets them into one room, to send what people send, and to lead nothing.
    kim.say({ type: 'connect' });
    const way = await kim.told('way');
    const { video, sub } = await livekit.verifier.verify(way.token!);
    const room = video!.room!;
    expect(room).toMatch(/^ten_\w+\.mtg_\w+$/);
    expect(video).toEqual({
      room,
      roomJoin: true,
      canPublish: true,
      canPublishSources: ['microphone', 'camera', 'screen_share', 'screen_share_audio'],
      canSubscribe: true,
      canPublishData: false,
      canUpdateOwnMetadata: false,
    });
    expect(sub).toContain(`${kim.person}.`);

    // Whoever is nobody's is taken out, and what is off is not passed on: it is told of them, by who has the secret.
    livekit.there.push(
      new ParticipantInfo({ identity: 'stranger' }),
      new ParticipantInfo({ identity: sub, tracks: [new TrackInfo({ sid: 'TR_a', source: TrackSource.MICROPHONE })] }),
    );
    const tell = async (by: string) => {
      const body = JSON.stringify({ event: 'participant_joined', room: { name: room } });
      const token = new AccessToken(KEY, by, { ttl: '5m' });
      token.sha256 = createHash('sha256').update(body).digest('base64');
      const headers = { authorization: await token.toJwt(), 'content-type': 'application/webhook+json' };
      return (await fetch(`${server.url}/webhooks/livekit`, { method: 'POST', headers, body })).status;
    };
    expect(await tell('south-south-south-south-south-south')).toBe(401);
    expect(await tell(SECRET)).toBe(204);
    const done = (method: string) => livekit.asked.filter((one) => one.method === method);
    await expect.poll(() => done('MutePublishedTrack').length, { timeout: 30_000 }).toBeGreaterThan(0);
    await expect.poll(() => done('RemoveParticipant').length, { timeout: 30_000 }).toBeGreaterThan(0);
    host.say({ type: 'end' });
    await kim.told('ended');
    await expect.poll(() => done('DeleteRoom').length, { timeout: 30_000 }).toBeGreaterThan(0);
    kim.close();
    host.close();
    expect(livekit.wrong).toEqual([]);

    // The library asks the same.
    const ours = ['ListParticipants', 'MutePublishedTrack', 'RemoveParticipant', 'DeleteRoom'].map((method) => done(method)[0]);
    livekit.asked.length = 0;
    const theirs = new RoomServiceClient(`http://${livekit.address}`, KEY, SECRET);
    await theirs.listParticipants(room);
    await theirs.mutePublishedTrack(room, sub!, 'TR_a', true);
    await theirs.removeParticipant(room, 'stranger');
    await theirs.deleteRoom(room);
    expect(ours.map((one) => [one!.method, one!.says])).toEqual(livekit.asked.map(({ method, says }) => [method, says]));
    // With the same rights, as far as each allows something.
    const rights = (of: (Asked | undefined)[]) =>
      of.map((one) => Object.entries(one!.may!).filter(([, may]) => may && !Array.isArray(may)).sort());
    expect(rights(ours)).toEqual(rights(livekit.asked));
  } finally {
    livekit.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
