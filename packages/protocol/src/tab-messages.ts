/**
 * What the engines of an origin's tabs say to each other about one store (docs/TABS.md).
 *
 * Two places: the store's channel, where all of them listen (`AssemblyMessage`), and a link between a
 * follower and the leader (`LinkMessage`), which carries what the follower's page asks.
 *
 * Always true:
 * - the shapes of `seek`, `lead`, `opening` and `stepDown` are the same in every version: builds that agree on
 *   nothing else understand so much of each other
 * - anybody in the origin can post to these channels: nothing is believed before it was checked
 */
import type { ControlAnswer, ControlRequest } from './control-messages.ts';
import type {
  AppendMessage,
  ReadMessage,
  ReleaseMessage,
  ToClient,
  UnitMessage,
} from './data-messages.ts';
import {
  isBoolean,
  isCount,
  isObject,
  isPositive,
  oneOf,
  optional,
  type Validated,
  validateControlRequest,
  validateToEngine,
  wrongField,
} from './validate.ts';
import { validateVolumeRequest, type VolumeMethod, type VolumeRequest } from './volume-calls.ts';
import type { WireError } from './wire-error.ts';

/** Raised when a message of the link changes its meaning. */
export const TABS_VERSION = 1;

/** What an engine makes of a store. */
export type ServedKind = 'log' | 'volume';

interface Said {
  readonly version: number;
  /** Who says it: drawn at random by each engine for each store that it opens. */
  readonly member: string;
}

/** Who leads? */
export interface SeekMessage extends Said {
  readonly kind: 'seek';
}

/** I do. Said when it begins, and to whoever seeks. */
export interface LeadMessage extends Said {
  readonly kind: 'lead';
  /** The store's generation: a greater one has taken over from a smaller. */
  readonly epoch: number;
}

/** I have the lock and am opening the store: it takes its time. Said to whoever seeks. */
export interface OpeningMessage extends Said {
  readonly kind: 'opening';
}

/** To `leader`: take me as your follower, on the channel `link`. */
export interface JoinMessage extends Said {
  readonly kind: 'join';
  readonly leader: string;
  readonly link: string;
  /** A log's `GivenRequest`, or a volume's options. */
  readonly given: object;
  /** What is wanted of the store. Absent: a log. */
  readonly serves?: ServedKind;
}

/** To `leader`, from a newer build that cannot follow it: give the store to me. */
export interface StepDownMessage extends Said {
  readonly kind: 'stepDown';
  readonly leader: string;
}

/** An append waits in the store's inbox: whoever leads should look. */
export interface InboxMessage extends Said {
  readonly kind: 'inbox';
}

export type AssemblyMessage =
  | SeekMessage
  | LeadMessage
  | OpeningMessage
  | JoinMessage
  | StepDownMessage
  | InboxMessage;

/** Which of a client's append messages this is; see `ClientStamp` of the journal. */
export interface MessageStamp {
  readonly client: string;
  readonly sequence: number;
  readonly sinceGeneration: number;
  readonly answeredTo: number;
  readonly isRepeated: boolean;
  readonly afterLsn?: number;
}

export interface StampedAppend extends AppendMessage {
  readonly stamp: MessageStamp;
}

export interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly request: ControlRequest;
}

/** Of a volume. */
export interface VolumeCallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly request: VolumeRequest;
}

/** Both ways: I am here, and have nothing to say. */
export interface BeatMessage {
  readonly kind: 'beat';
}

/** Both ways: I leave; whatever has no answer gets none from me. */
export interface ByeMessage {
  readonly kind: 'bye';
  /** The leader: I lead no more, and am giving the store back. */
  readonly leadsNoMore?: boolean;
  /** The leader of a volume: so many of your messages I have heard. The others were not sent. */
  readonly heard?: number;
}

/** The leader of a volume: I am giving it back. What I have I answer; ask me nothing more. */
export interface PartingMessage {
  readonly kind: 'parting';
}

/** The link stands. */
export interface WelcomeMessage {
  readonly kind: 'welcome';
  readonly epoch: number;
}

/** There will be no link: the two want different things of the store. */
export interface UnwelcomeMessage {
  readonly kind: 'unwelcome';
  readonly error: WireError;
}

export interface AnsweredMessage {
  readonly kind: 'answered';
  readonly id: number;
  readonly answer: ControlAnswer<unknown>;
}

export type ToLeader =
  | StampedAppend
  | ReadMessage
  | UnitMessage
  | ReleaseMessage
  | CallMessage
  | BeatMessage
  | ByeMessage;

export type ToVolumeLeader = VolumeCallMessage | BeatMessage | ByeMessage;

export type ToFollower =
  | WelcomeMessage
  | UnwelcomeMessage
  | AnsweredMessage
  | BeatMessage
  | PartingMessage
  | ByeMessage
  | Exclude<ToClient, { kind: 'hello' | 'ring' }>;

/** On a link each side numbers what it says: 0, 1, 2 … A gap ends the link. */
export interface LinkMessage<B> {
  readonly n: number;
  readonly body: B;
}

/** Calls that a follower's page may make of the leader's store. */
const FOLLOWER_METHODS: ReadonlySet<string> = new Set([
  'status',
  'flush',
  'checkpoint',
  'readState',
  'trim',
  'layout',
  'batches',
  'openSource',
  'pull',
  'openUnit',
  'write',
  'dropStream',
] satisfies ControlRequest['method'][]);

/**
 * Such a client speaks for the inbox: its messages lie there until they are answered, however long
 * that takes, and the log does not forget it for others. Nobody else draws a name that begins so.
 */
export const isInboxClient = (client: string): boolean => client.startsWith('00');

/**
 * Such a client is an append's key of its caller's: it has one message of one group, whose number tells
 * what it says. Nobody draws a name that begins so.
 */
export const isKeyClient = (client: string): boolean => client.startsWith('02');

const isId = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);

const ASSEMBLY_FIELDS = {
  seek: {},
  lead: { epoch: isCount },
  opening: {},
  join: {
    leader: isId,
    link: isId,
    given: isObject,
    serves: oneOf(undefined, 'log', 'volume'),
  },
  stepDown: { leader: isId },
  inbox: {},
} as const;

export function validateAssembly(message: unknown): Validated<AssemblyMessage> {
  if (!isObject(message)) return { wrong: 'not an object' };
  const { kind } = message;
  if (typeof kind !== 'string' || !Object.hasOwn(ASSEMBLY_FIELDS, kind)) return { wrong: 'kind' };
  const fields = ASSEMBLY_FIELDS[kind as AssemblyMessage['kind']];
  const wrong = wrongField(message, { version: isCount, member: isId, ...fields });
  return wrong === undefined ? { value: message as object as AssemblyMessage } : { wrong };
}

export function validateLinkMessage(message: unknown): Validated<LinkMessage<unknown>> {
  const wrong = wrongField(message, { n: isCount, body: isObject });
  return wrong === undefined ? { value: message as LinkMessage<unknown> } : { wrong };
}

const STAMP = {
  client: (value: unknown) => isId(value) && !isInboxClient(value as string),
  sequence: isPositive,
  sinceGeneration: isCount,
  answeredTo: isCount,
  isRepeated: isBoolean,
  afterLsn: optional(isCount),
} as const;

export function validateToLeader(body: unknown): Validated<ToLeader> {
  if (!isObject(body)) return { wrong: 'not an object' };
  switch (body['kind']) {
    case 'beat':
    case 'bye':
      return { value: body as object as ToLeader };
    case 'call': {
      if (!isCount(body['id'])) return { wrong: 'call: id' };
      const request = validateControlRequest(body['request']);
      if ('wrong' in request) return request;
      if (!FOLLOWER_METHODS.has(request.value.method))
        return { wrong: `${request.value.method}: here` };
      return { value: body as object as CallMessage };
    }
    case 'append': {
      const wrong = wrongField(body['stamp'], STAMP);
      if (wrong !== undefined) return { wrong: `stamp: ${wrong}` };
      const { client } = body['stamp'] as MessageStamp;
      if (isKeyClient(client) && body['groups'] !== undefined) return { wrong: 'append: groups' };
    }
  }
  // There is no memory that two tabs share, and each is introduced by its own page.
  if (body['kind'] === 'ring' || body['kind'] === 'introducer') return { wrong: 'kind' };
  return validateToEngine(body) as Validated<ToLeader>;
}

/** Calls that a follower may not make of the leader's volume: they are about its own. */
const OWN_METHODS: ReadonlySet<string> = new Set([
  'openVolume',
  'park',
  'closeVolume',
] satisfies VolumeMethod[]);

export function validateToVolumeLeader(body: unknown): Validated<ToVolumeLeader> {
  if (!isObject(body)) return { wrong: 'not an object' };
  const { kind, id } = body;
  if (kind === 'beat' || kind === 'bye') return { value: body as object as ToVolumeLeader };
  if (kind !== 'call') return { wrong: 'kind' };
  if (!isCount(id)) return { wrong: 'call: id' };
  const request = validateVolumeRequest(body['request']);
  if ('wrong' in request) return request;
  const { method } = request.value;
  if (OWN_METHODS.has(method)) return { wrong: `${method}: here` };
  return { value: body as object as VolumeCallMessage };
}

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const isWireError = (value: unknown): boolean =>
  isObject(value) && typeof value['code'] === 'string';
const ANSWER_FIELDS: Readonly<Record<ToFollower['kind'], Parameters<typeof wrongField>[1]>> = {
  welcome: { epoch: isCount },
  unwelcome: { error: isWireError },
  answered: { id: isCount, answer: isObject },
  beat: {},
  parting: {},
  bye: { leadsNoMore: optional(isBoolean), heard: optional(isCount) },
  appended: {
    id: isCount,
    firstLsn: isCount,
    groups: isCount,
    groupLsns: optional(Array.isArray),
    refusal: optional(isWireError),
  },
  chunk: {
    id: isCount,
    bytes: isBytes,
    runs: Array.isArray,
    heads: (value) => value instanceof Uint32Array,
  },
  bytes: { id: isCount, bytes: isBytes },
  failed: { id: isCount, error: isWireError },
  status: { status: isObject, events: Array.isArray },
  refused: { error: isWireError },
};

/** What a leader says is looked at as far as a follower would fall over it. */
export function validateToFollower(body: unknown): Validated<ToFollower> {
  if (!isObject(body)) return { wrong: 'not an object' };
  const { kind } = body;
  if (typeof kind !== 'string' || !Object.hasOwn(ANSWER_FIELDS, kind)) return { wrong: 'kind' };
  const wrong = wrongField(body, ANSWER_FIELDS[kind as ToFollower['kind']]);
  return wrong === undefined ? { value: body as object as ToFollower } : { wrong };
}
