import type { BuildRequest } from '../../builds/request.ts';
import type { LimitName } from '../../limits.ts';
import { type Amount, type AmountKind, amountOf, amountProblem, sayAmount, worthOf } from './amount.ts';

/** What may be said of every build, and mostly is not. */
export interface More {
  limits: Record<LimitName, Amount>;
  /** A whole number; empty is 0. */
  priority: string;
  checksBoot: boolean;
  /** A regular expression, when not the login prompt is waited for. */
  bootPattern: string;
  bootLimit: Amount;
}

type MoreOfRequest = Pick<BuildRequest, 'limits' | 'priority' | 'bootCheck'>;

export type MoreName = `limit-${LimitName}` | 'priority' | 'bootPattern' | 'bootLimit';
export type MoreProblems = Partial<Record<MoreName, string>>;

export const limitFields = [
  ['time', 'time', 'Time', 'Since its first process.'],
  ['silence', 'time', 'Silence', 'Without any output.'],
  ['log', 'size', 'Log', 'All that it prints.'],
  ['artifact', 'size', 'Artifacts', 'All of them together.'],
] as const satisfies [LimitName, AmountKind, string, string][];

export const emptyMore: More = {
  limits: {
    time: { number: '', unit: 'hours' },
    silence: { number: '', unit: 'minutes' },
    log: { number: '', unit: 'MiB' },
    artifact: { number: '', unit: 'GiB' },
  },
  priority: '',
  checksBoot: false,
  bootPattern: '',
  bootLimit: { number: '', unit: 'minutes' },
};

/** The part of a request that was said; nothing of what was left empty. */
export function requestOfMore(more: More): MoreOfRequest {
  const limits = limitFields.flatMap(([name, kind]) => {
    const value = worthOf(more.limits[name], kind);
    return value === undefined ? [] : [[name, value] as const];
  });
  const limit = worthOf(more.bootLimit, 'time');
  const bootCheck = {
    ...(more.bootPattern !== '' && { pattern: more.bootPattern }),
    ...(typeof limit === 'number' && { limit }),
  };
  return {
    ...(limits.length > 0 && { limits: Object.fromEntries(limits) }),
    ...(more.priority !== '' && { priority: Number(more.priority) }),
    ...(more.checksBoot && { bootCheck }),
  };
}

/** As it must have been said for this request. */
export function moreOf({ limits, priority, bootCheck }: MoreOfRequest): More {
  const given = limitFields.flatMap(([name, kind]) => {
    const value = limits?.[name];
    return value === undefined ? [] : [[name, amountOf(value, kind)] as const];
  });
  return {
    limits: { ...emptyMore.limits, ...Object.fromEntries(given) },
    priority: priority === undefined ? '' : String(priority),
    checksBoot: bootCheck !== undefined,
    bootPattern: bootCheck?.pattern ?? '',
    bootLimit: bootCheck?.limit === undefined ? emptyMore.bootLimit : amountOf(bootCheck.limit, 'time'),
  };
}

/** What can be known to be wrong; the orchestrator says the same of it. */
export function checkMore(more: More): MoreProblems {
  const limits = limitFields.flatMap(([name, kind]) => {
    const problem = amountProblem(more.limits[name], kind);
    return problem === undefined ? [] : [[`limit-${name}`, problem] as const];
  });
  return {
    ...Object.fromEntries(limits),
    ...(/^(-?([0-9]|10))?$/.test(more.priority)
      ? {}
      : { priority: 'It must be a whole number from -10 to 10.' }),
    ...(more.checksBoot ? bootProblems(more) : {}),
  };
}

function bootProblems({ bootPattern, bootLimit }: More): MoreProblems {
  const limit = worthOf(bootLimit, 'time');
  const isLimit = limit === undefined || (limit !== null && limit >= 10 && limit <= 86_400);
  return {
    ...(isPattern(bootPattern)
      ? {}
      : { bootPattern: 'It must be a regular expression of 200 characters at most.' }),
    ...(isLimit && !amountProblem(bootLimit, 'time')
      ? {}
      : { bootLimit: 'It must be a whole number, and from 10 seconds to a day.' }),
  };
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'm');
    return source.length <= 200;
  } catch {
    return false;
  }
}

/** What of a request is more than what is built and from what, for people. */
export function moreFacts({ limits, priority, bootCheck }: MoreOfRequest): [term: string, value: string][] {
  const given = limitFields.flatMap(([name, kind, label]): [string, string][] => {
    const value = limits?.[name];
    return value === undefined ? [] : [[`${label} limit`, sayAmount(value, kind)]];
  });
  return [
    ...given,
    ...(priority === undefined ? [] : ([['Priority', String(priority)]] as [string, string][])),
    ...(bootCheck === undefined ? [] : ([['Boot check', sayBootCheck(bootCheck)]] as [string, string][])),
  ];
}

function sayBootCheck({ pattern, limit }: NonNullable<MoreOfRequest['bootCheck']>): string {
  const until = pattern === undefined ? 'until it is up' : `until it prints ${pattern}`;
  return limit === undefined ? until : `${until}, at most ${sayAmount(limit, 'time')}`;
}
