import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  InputDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import {
  notebookIcon,
  refreshIcon,
  runIcon,
  stopIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IExecutionRef } from '../api';
import { CommandIDs, EXECUTION_ARGUMENTS } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a few lines
import { problemText } from '../components/problem';
import { IExecutionDocuments } from '../document/tracker';
import type { ExecutionDocument } from '../document/widget';
import type { ExecutionView } from '../documents';
import { IExecutionModel } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a few lines
import { addCopies } from './copying';

type Status = ExecutionView['status'];

/** Without a status it is not known here: the server has the last word. */
const CAN = {
  cancel: new Set<Status>(['pending', 'running', 'waiting', 'interrupted']),
  resume: new Set<Status>(['interrupted']),
  retry: new Set<Status>(['failed', 'cancelled']),
  replay: new Set<Status>([
    'waiting',
    'completed',
    'failed',
    'cancelled',
    'interrupted'
  ])
} as const;

const IN_PALETTE = [
  CommandIDs.showExecutions,
  CommandIDs.showNotebook,
  CommandIDs.showWaits,
  CommandIDs.showDeployments,
  CommandIDs.resume,
  CommandIDs.retry,
  CommandIDs.cancel,
  CommandIDs.replay,
  CommandIDs.compare,
  CommandIDs.openNotebook,
  CommandIDs.copyId,
  CommandIDs.copyLink,
  CommandIDs.copyPython,
  CommandIDs.copyCli
];

/**
 * What can be done with an execution.
 */
export const actions: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:plugin',
  description: 'Adds the commands, menus and shortcuts for executions.',
  autoStart: true,
  requires: [IExecutionModel, IExecutionDocuments],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: IExecutionModel,
    documents: IExecutionDocuments,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const { commands } = app;
    const can =
      (action: keyof typeof CAN) =>
      (args: ReadonlyPartialJSONObject): boolean => {
        const ref = documents.target(args);
        const status =
          ref &&
          (documents.view(ref)?.status ??
            (args.clicked === true ? statusClicked(app) : null));
        return ref !== null && (!status || CAN[action].has(status));
      };
    const describedBy = { args: EXECUTION_ARGUMENTS };
    /** Ask the server; what it refuses is told in a dialog. */
    const ask = async (
      title: string,
      args: ReadonlyPartialJSONObject,
      act: (ref: IExecutionRef) => Promise<unknown>
    ): Promise<void> => {
      const ref = documents.target(args);
      if (ref) {
        await act(ref).catch((error: unknown) =>
          showErrorMessage(title, problemText(error))
        );
      }
    };

    commands.addCommand(CommandIDs.cancel, {
      label: trans.__('Cancel…'),
      caption: trans.__('Stop the execution, wherever it runs'),
      icon: stopIcon,
      describedBy,
      isEnabled: can('cancel'),
      execute: args =>
        ask(trans.__('It was not cancelled'), args, async ref => {
          const { button, value } = await InputDialog.getText({
            title: trans.__('Cancel this execution?'),
            label: trans.__('Reason (may be left out)'),
            okLabel: trans.__('Cancel Execution'),
            cancelLabel: trans.__('Keep It')
          });
          if (button.accept) {
            await model.api.cancel(ref, value?.trim() || null);
          }
        })
    });
    commands.addCommand(CommandIDs.resume, {
      label: trans.__('Resume'),
      caption: trans.__('Go on where it was interrupted'),
      icon: runIcon,
      describedBy,
      isEnabled: can('resume'),
      execute: args =>
        ask(trans.__('It does not go on'), args, ref => model.api.resume(ref))
    });
    commands.addCommand(CommandIDs.retry, {
      label: trans.__('Retry'),
      caption: trans.__('Run again what failed; what is done stays'),
      icon: refreshIcon,
      describedBy,
      isEnabled: can('retry'),
      execute: args =>
        ask(trans.__('It was not tried again'), args, ref =>
          model.api.retry(ref)
        )
    });
    commands.addCommand(CommandIDs.replay, {
      label: trans.__('Replay…'),
      caption: trans.__('Make a new execution with something changed'),
      icon: undoIcon,
      describedBy: {
        args: {
          ...EXECUTION_ARGUMENTS,
          properties: {
            ...EXECUTION_ARGUMENTS.properties,
            at: {
              type: 'string',
              description: 'Name of the call from which on everything runs'
            }
          }
        }
      },
      isEnabled: can('replay'),
      execute: async args => {
        const ref = documents.target(args);
        if (ref) {
          const opened = (await commands.execute(CommandIDs.open, {
            ...ref
          })) as ExecutionDocument;
          const clicked = args.clicked === true ? callClicked(app) : null;
          opened.content.replay(
            typeof args.at === 'string' ? args.at : clicked
          );
        }
      }
    });
    commands.addCommand(CommandIDs.openNotebook, {
      label: trans.__('Open Notebook'),
      caption: trans.__('Open the notebook, at the cell that defines the call'),
      icon: notebookIcon,
      describedBy: {
        args: {
          ...EXECUTION_ARGUMENTS,
          properties: {
            ...EXECUTION_ARGUMENTS.properties,
            path: { type: 'string', description: 'Path of the notebook' },
            name: { type: 'string', description: 'Name that a cell defines' }
          }
        }
      },
      isEnabled: args =>
        typeof args.path === 'string' || documents.target(args) !== null,
      execute: async args => {
        const { openNotebook } = await import('./opening');
        await openNotebook(app, trans, args, async () => {
          const ref = documents.target(args);
          return ref ? model.api.execution(ref) : null;
        }).catch((error: unknown) =>
          showErrorMessage(
            trans.__('The notebook cannot be opened'),
            problemText(error)
          )
        );
      }
    });

    addCopies(app, documents, trans);

    const category = trans.__('Kitaru');
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category });
    }
  }
};

/**
 * The status that the list of executions shows for what is clicked.
 */
function statusClicked(app: JupyterFrontEnd): Status | null {
  const node = app.contextMenuHitTest(
    ({ dataset }) => dataset.kitaruStatus !== undefined
  );
  return (node?.dataset.kitaruStatus as Status | undefined) ?? null;
}

function callClicked(app: JupyterFrontEnd): string | null {
  const node = app.contextMenuHitTest(
    ({ dataset }) => dataset.kitaruCall !== undefined
  );
  return node?.dataset.kitaruCall ?? null;
}
