/**
 * Who `allow` and `deny` let in. nginx takes the first rule that names a client, in IPv4 and IPv6 apart, and lets in whom none names.
 * The launcher says the same in nginx_addresses.py.
 */

import type { Directive } from './nginx-snippet.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
type Family = (typeof FAMILIES)[number];
/** What a client meets first; `none` where no rule names it. */
type Verdict = 'allow' | 'deny' | 'none';

/** A rule, with the first bits of the addresses that it names; none for everyone. */
interface Rule {
  name: 'allow' | 'deny';
  text: string;
  networks: { family: Family; bits: string }[];
  field: string;
}

/** What some rules together come to. */
export interface Addresses {
  /** Whether anyone is kept out. */
  denied: boolean;
  /** Whether everyone who is not allowed is kept out. */
  closed: boolean;
  /** Whether the rules let everyone in. */
  open: boolean;
  /** The families that a rule lets in as a whole. */
  openFamilies: Family[];
}

export function addressesOf(directives: Directive[]): Addresses {
  const rules = rulesOf(directives);
  const all = FAMILIES.map((family) => verdicts(rules, family));
  const openFamilies = FAMILIES.filter((_, at) => all[at]?.size === 1 && all[at]?.has('allow'));
  const denied = all.some((met) => met.has('deny'));
  const closed = denied && !all.some((met) => met.has('none'));
  return { denied, closed, open: openFamilies.length === FAMILIES.length, openFamilies };
}

/** Rules that keep no one out, or have no effect: the field and the message of each. */
export function addressProblems(directives: Directive[]): [string, string][] {
  const rules = rulesOf(directives);
  const allowed = rules.filter(({ name }) => name === 'allow');
  const denied = rules.filter(({ name }) => name === 'deny');
  const found: [string, string][] = [];
  if (denied.length === 0) {
    if (allowed[0] && !addressesOf(directives).open)
      found.push([allowed[0].field, 'keeps no one out without `deny`; add `deny: [all]`, or take it away']);
    return found;
  }
  for (const { field, networks } of denied) {
    const { family, bits = '' } = networks[0] ?? {};
    if (!family || networks.some((one) => verdicts(rules, one.family, one.bits).has('deny'))) continue;
    const first = allowed.find((rule) => rule.networks.some((one) => one.family === family && meet(one.bits, bits)));
    found.push([field, `keeps no one out beside \`allow: [${first?.text}]\`, which counts first; take one away`]);
  }
  for (const { field, text, networks } of allowed) {
    const isUseless = ({ family, bits }: { family: Family; bits: string }) =>
      bits !== '' && !verdicts(denied, family, bits).has('deny');
    if (networks.length > 0 && networks.every(isUseless))
      found.push([field, `lets in ${text}, which no \`deny\` keeps out; add \`deny: [all]\`, or take it away`]);
  }
  const [last] = denied.slice(-1);
  for (const [family, other] of [FAMILIES, [...FAMILIES].reverse()] as [Family, Family][]) {
    const [met, others] = [verdicts(rules, family), verdicts(rules, other)];
    if (last && met.has('deny') && !met.has('none') && others.has('none'))
      found.push([last.field, `closes ${family} alone: with ${other} everybody else is let in; write \`all\``]);
  }
  return found;
}

function verdicts(rules: Rule[], family: Family, within = ''): Set<Verdict> {
  const named = rules.flatMap(({ name, networks }) =>
    networks.filter((one) => one.family === family).map(({ bits }) => ({ name, bits })),
  );
  return met(named, within);
}

function met(rules: { name: 'allow' | 'deny'; bits: string }[], within: string): Set<Verdict> {
  const near = rules.filter(({ bits }) => meet(bits, within));
  const [first] = near;
  if (!first) return new Set(['none']);
  if (within.startsWith(first.bits)) return new Set([first.name]);
  if (near.length === 1) return new Set([first.name, 'none']);
  return new Set([...met(near, `${within}0`), ...met(near, `${within}1`)]);
}

/** Whether two networks have an address in common. */
const meet = (one: string, other: string) => one.startsWith(other) || other.startsWith(one);

function rulesOf(directives: Directive[]): Rule[] {
  return directives.flatMap(({ name, args: [text = ''], field }) =>
    name === 'allow' || name === 'deny' ? [{ name, text, networks: networksOf(text), field }] : [],
  );
}

/** None for `unix:`, and for what nginx itself refuses. */
function networksOf(text: string): Rule['networks'] {
  if (text === 'all') return FAMILIES.map((family) => ({ family, bits: '' }));
  const [, address = '', length] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  const bits = family === 'IPv6' ? ofIpv6(address) : ofIpv4(address);
  return bits === undefined ? [] : [{ family, bits: bits.slice(0, length === undefined ? undefined : Number(length)) }];
}

function ofIpv4(address: string): string | undefined {
  if (!/^\d{1,9}(\.\d{1,9}){3}$/.test(address)) return undefined;
  return address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
}

function ofIpv6(address: string): string | undefined {
  if (/:::|::.*::/.test(address)) return undefined;
  const [, front = address, ipv4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const tail = ipv4 === undefined ? '' : ofIpv4(ipv4);
  const [head = '', rest] = (ipv4 === undefined ? front : front.replace(/(?<!:):$/, '')).split('::');
  const bitsOf = (part: string) =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => (/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16).toString(2).padStart(16, '0') : '?'))
      .join('');
  const end = bitsOf(rest ?? '') + tail;
  const bits = rest === undefined ? bitsOf(head) + end : bitsOf(head).padEnd(128 - end.length, '0') + end;
  return bits.length === 128 && !bits.includes('?') ? bits : undefined;
}
