import type { ExecutionView } from '../documents';

/**
 * How an execution is had from Python.
 */
export function asPython(execId: string): string {
  return [
    'import kitaru',
    '',
    `execution = kitaru.KitaruClient().executions.get(${JSON.stringify(execId)})`
  ].join('\n');
}

/**
 * What a terminal needs: to see it, or to go on with it.
 */
export function asCli(
  execId: string,
  status: ExecutionView['status'] | null
): string {
  const verb =
    status === 'failed'
      ? 'retry'
      : status === 'interrupted'
        ? 'resume'
        : status === 'waiting'
          ? 'input'
          : 'get';
  return `kitaru executions ${verb} ${execId}`;
}
