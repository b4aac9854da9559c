import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type { DeploymentView } from '../documents';

type Which = ['tag', string] | ['version', number];

/**
 * How a version is asked for: by a tag that names it alone, as callers then follow the tag, else by its number.
 */
export function whichOf({ tags, version }: DeploymentView): Which {
  const own = Object.keys(tags).filter(tag => tags[tag]);
  const tag = own.find(name => name !== 'default') ?? own[0];
  return tag === undefined ? ['version', version] : ['tag', tag];
}

/**
 * The command that invokes a version over HTTP; it looks the token up when it runs.
 */
export function asCurl(
  view: DeploymentView,
  inputs: PartialJSONObject
): string {
  const [name, value] = whichOf(view);
  const url = `${view.invoke_url}?${name}=${encodeURIComponent(value)}`;
  return [
    `curl -X POST ${quoted(url)}`,
    `  -H "Authorization: Bearer ${view.token}"`,
    `  -H 'Content-Type: application/json'`,
    `  -d ${quoted(JSON.stringify(inputs))}`
  ].join(' \\\n');
}

/**
 * The lines that invoke it in Python.
 */
export function asPython(
  view: DeploymentView,
  inputs: PartialJSONObject
): string {
  const [name, value] = whichOf(view);
  const flow = literal(view.flow);
  return [
    'from kitaru import KitaruClient',
    '',
    'deployments = KitaruClient().deployments',
    `handle = deployments.invoke(${flow}, ${name}=${literal(value)}, inputs=${literal(inputs)})`
  ].join('\n');
}

/**
 * The command for a terminal.
 */
export function asCli(view: DeploymentView, inputs: PartialJSONObject): string {
  const [name, value] = whichOf(view);
  const given =
    Object.keys(inputs).length > 0
      ? [`--inputs ${quoted(JSON.stringify(inputs))}`]
      : [];
  return [
    'kitaru invoke',
    quoted(view.flow),
    `--${name} ${quoted(String(value))}`,
    ...given
  ].join(' ');
}

/**
 * A word of a shell's command.
 */
function quoted(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/**
 * A value as Python writes it.
 */
function literal(value: PartialJSONValue | undefined): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(part => literal(part)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(
      ([name, part]) => `${JSON.stringify(name)}: ${literal(part)}`
    );
    return `{${parts.join(', ')}}`;
  }
  return JSON.stringify(value);
}
