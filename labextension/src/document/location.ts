import type { IRouter, JupyterFrontEnd } from '@jupyterlab/application';
import { URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IExecutionRef } from '../api';
import { CommandIDs } from '../commands';

const PARAMETER = 'kitaru';
const PATTERN = /[?&]kitaru=([^&#]+)/;

/**
 * Open the execution that the address names: `/lab?kitaru=kr-…`, with `&home=…` if it is another home's.
 */
export function addLocation(
  app: JupyterFrontEnd,
  router: IRouter,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.openLocation, {
    label: trans.__('Open the Execution of an Address'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Path of the address' },
          search: { type: 'string', description: 'Its parameters' },
          hash: { type: 'string', description: 'Its fragment' }
        },
        required: ['search']
      }
    },
    execute: args => {
      const { path, search, hash } = args as Partial<IRouter.ILocation>;
      const ref = refIn(search ?? '');
      if (!ref) {
        return;
      }
      router.navigate(`${path ?? ''}${without(search ?? '')}${hash ?? ''}`, {
        skipRouting: true
      });
      void app.restored.then(() =>
        app.commands.execute(CommandIDs.open, { ...ref })
      );
    }
  });
  router.register({
    command: CommandIDs.openLocation,
    pattern: PATTERN,
    rank: 20
  });
}

/**
 * The rest of a query string.
 */
function without(search: string): string {
  const query = new URLSearchParams(search);
  query.delete(PARAMETER);
  query.delete('home');
  const rest = query.toString();
  return rest === '' ? '' : `?${rest}`;
}

/**
 * The execution that a query string names.
 */
export function refIn(search: string): IExecutionRef | null {
  const query = new URLSearchParams(search);
  const execId = query.get(PARAMETER);
  return execId ? { execId, home: query.get('home') } : null;
}

/**
 * The address of an execution's document.
 */
export function addressOf(base: string, ref: IExecutionRef): string {
  const query = new URLSearchParams({ [PARAMETER]: ref.execId });
  if (ref.home !== null) {
    query.set('home', ref.home);
  }
  return `${URLExt.join(base, 'lab')}?${query.toString()}`;
}
