import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, linkIcon } from '@jupyterlab/ui-components';

import type { IExecutionRef } from '../api';
import { CommandIDs, EXECUTION_ARGUMENTS } from '../commands';
import { addressOf } from '../document/location';
import { asCli, asPython } from '../document/texts';
import type { IExecutionDocuments } from '../document/tracker';

/**
 * Commands that copy what names an execution elsewhere.
 */
export function addCopies(
  app: JupyterFrontEnd,
  documents: IExecutionDocuments,
  trans: TranslationBundle
): void {
  const copies: [string, string, string, (ref: IExecutionRef) => string][] = [
    [
      CommandIDs.copyId,
      trans.__('Copy Id'),
      trans.__('Copy the id of the execution'),
      ref => ref.execId
    ],
    [
      CommandIDs.copyLink,
      trans.__('Copy Link'),
      trans.__('Copy the address of this document'),
      ref => addressOf(app.serviceManager.serverSettings.baseUrl, ref)
    ],
    [
      CommandIDs.copyPython,
      trans.__('Copy as Python'),
      trans.__('Copy the lines that get it in Python'),
      ref => asPython(ref.execId)
    ],
    [
      CommandIDs.copyCli,
      trans.__('Copy as Command'),
      trans.__('Copy the command for a terminal'),
      ref => asCli(ref.execId, documents.view(ref)?.status ?? null)
    ]
  ];
  for (const [id, label, caption, text] of copies) {
    app.commands.addCommand(id, {
      label: args => (args.label === '' ? '' : label),
      caption,
      icon: id === CommandIDs.copyLink ? linkIcon : copyIcon,
      describedBy: { args: EXECUTION_ARGUMENTS },
      isEnabled: args => documents.target(args) !== null,
      execute: args => {
        const ref = documents.target(args);
        if (ref) {
          Clipboard.copyToSystem(text(ref));
          Notification.success(trans.__('Copied'), { autoClose: 1500 });
        }
      }
    });
  }
}
