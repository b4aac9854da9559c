import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { showCell } from '../document/notebook';
import type { ExecutionView } from '../documents';

/**
 * Open a notebook at the cell that defines a name, by the arguments of the command or as an execution names them.
 */
export async function openNotebook(
  app: JupyterFrontEnd,
  trans: TranslationBundle,
  args: ReadonlyPartialJSONObject,
  view: () => Promise<ExecutionView | null>
): Promise<void> {
  const known = typeof args.path === 'string' ? null : await view();
  const path = typeof args.path === 'string' ? args.path : known?.notebook;
  const name = typeof args.name === 'string' ? args.name : known?.flow;
  if (!path) {
    await showDialog({
      title: trans.__('There is no notebook'),
      body: trans.__('The execution was not started from a notebook.'),
      buttons: [Dialog.okButton()]
    });
    return;
  }
  const found = await showCell(app, path, name ?? '');
  if (!found && name) {
    Notification.info(
      trans.__('No cell of this notebook defines %1 by now.', name),
      { autoClose: 5000 }
    );
  }
}
