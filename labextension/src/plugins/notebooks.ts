import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  CommandToolbarButton,
  Dialog,
  ICommandPalette,
  IToolbarWidgetRegistry,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import {
  INotebookTracker,
  NotebookActions,
  type NotebookPanel
} from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

// eslint-disable-next-line jupyter/prefer-lazy-imports -- the model has loaded it
import { ApiError } from '../api';
import { CommandIDs } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a few lines
import { problemText } from '../components/problem';
import type {
  DeploymentSummary,
  Exported,
  NotebookFlows,
  StatusView
} from '../documents';
import { IExecutionModel } from '../tokens';

/**
 * From a notebook to a script, and to a deployment.
 */
export const notebooks: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:notebooks',
  description: 'Exports and deploys the flows of notebooks.',
  autoStart: true,
  requires: [IExecutionModel, INotebookTracker],
  optional: [ITranslator, ICommandPalette, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    { api }: IExecutionModel,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    toolbars: IToolbarWidgetRegistry | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const { commands } = app;
    const describedBy = {
      args: {
        type: 'object',
        properties: {
          flow: {
            type: 'string',
            description: 'Name of the flow; asked for without it'
          }
        }
      }
    } as const;
    const isEnabled = (): boolean =>
      tracker.currentWidget !== null &&
      tracker.currentWidget === app.shell.currentWidget;
    /** Save the notebook, ask which flow of it is meant, and go on with that; what is refused is told. */
    const withFlow = async (
      args: ReadonlyPartialJSONObject,
      words: { title: string; accept: string; refused: string },
      act: (path: string, flow: string, tag: string) => Promise<unknown>
    ): Promise<void> => {
      const panel = tracker.currentWidget;
      if (!panel) {
        return;
      }
      try {
        const { path } = await saved(panel);
        const { flows } = await api.get<NotebookFlows>('notebook/flows', {
          path
        });
        const deploys = words.accept === trans.__('Deploy');
        const chosen =
          typeof args.flow === 'string'
            ? { flow: args.flow, tag: '' }
            : flows.length === 0
              ? await tellNoFlow()
              : await (
                  await import('../deployments/choosing')
                ).chooseFlow(words.title, words.accept, {
                  flows,
                  deploys,
                  trans
                });
        if (chosen) {
          await act(path, chosen.flow, chosen.tag);
        }
      } catch (error) {
        await showErrorMessage(words.refused, problemText(error));
      }
    };
    const tellNoFlow = async (): Promise<null> => {
      await showDialog({
        title: trans.__('There is no flow'),
        body: trans.__(
          'No cell of this notebook has @flow or begins with %%kitaru_flow.'
        ),
        buttons: [Dialog.okButton()]
      });
      return null;
    };

    commands.addCommand(CommandIDs.deployFlow, {
      label: trans.__('Deploy Flow…'),
      caption: trans.__(
        'Make a version of a flow of this notebook that runs without it'
      ),
      describedBy,
      isEnabled,
      execute: args =>
        withFlow(
          args,
          {
            title: trans.__('Deploy a flow'),
            accept: trans.__('Deploy'),
            refused: trans.__('The flow was not deployed')
          },
          async (path, flow, tag) => {
            const tags = tag === '' ? [] : [tag];
            const making = api.send<DeploymentSummary[]>(
              'POST',
              'notebook/deploy',
              { path },
              { flow, tags, exclusive: true }
            );
            const name = trans.__('Deploying %1…', flow);
            const [made] = await told(name, making);
            const { home } = await api.get<StatusView>('status', { path });
            const own = await api.status();
            if (made) {
              await commands.execute(CommandIDs.openDeployment, {
                flow: made.flow,
                version: made.version,
                home: home === own.home ? null : home
              });
            }
          }
        )
    });
    commands.addCommand(CommandIDs.exportFlow, {
      label: trans.__('Export Flow as a Script…'),
      caption: trans.__('Write flows of this notebook as a script beside it'),
      describedBy,
      isEnabled,
      execute: args =>
        withFlow(
          args,
          {
            title: trans.__('Export flows as a script'),
            accept: trans.__('Export'),
            refused: trans.__('Nothing was exported')
          },
          async (path, flow) => {
            const flows = flow === '' ? [] : [flow];
            const write = (force: boolean): Promise<Exported> =>
              told(
                trans.__('Exporting…'),
                api.send<Exported>(
                  'POST',
                  'notebook/export',
                  { path },
                  { flows, force }
                )
              );
            const made = await write(false).catch(async (error: unknown) => {
              if (!(error instanceof ApiError) || error.status !== 409) {
                throw error;
              }
              return (await overwrites(error)) ? write(true) : null;
            });
            if (made) {
              Notification.success(
                [trans.__('Written: %1', made.path), ...made.notes].join('\n'),
                {
                  autoClose: 8000,
                  actions: [
                    {
                      label: trans.__('Open'),
                      callback: () => {
                        void commands.execute('docmanager:open', {
                          path: made.path
                        });
                      }
                    }
                  ]
                }
              );
            }
          }
        )
    });
    const overwrites = async (error: ApiError): Promise<boolean> => {
      const { button } = await showDialog({
        title: trans.__('Write over the script?'),
        body: error.failure.message,
        buttons: [
          Dialog.cancelButton({ label: trans.__('Keep It') }),
          Dialog.warnButton({ label: trans.__('Overwrite') })
        ]
      });
      return button.accept;
    };

    const category = trans.__('Kitaru');
    for (const command of [CommandIDs.deployFlow, CommandIDs.exportFlow]) {
      palette?.addItem({ command, category });
    }
    const notify = (): void => {
      commands.notifyCommandChanged(CommandIDs.deployFlow);
      commands.notifyCommandChanged(CommandIDs.exportFlow);
    };
    toolbars?.addFactory<NotebookPanel>('Notebook', 'kitaru-deploy', panel => {
      const button = new CommandToolbarButton({
        commands,
        id: CommandIDs.deployFlow,
        label: trans.__('Deploy…')
      });
      showWithFlows(button, panel);
      return button;
    });
    tracker.currentChanged.connect(notify);
    app.shell.currentChanged?.connect(notify);
  }
};

const FLOW = /^@(kitaru\.)?flow\b|^%%kitaru_flow\b/m;

/**
 * Show a button as soon as a notebook has a flow: once it is there, and after each save and each cell that is run.
 */
function showWithFlows(button: Widget, panel: NotebookPanel): void {
  const look = (): void => {
    const cells = panel.content.model?.cells ?? [];
    button.setHidden(
      ![...cells].some(
        ({ type, sharedModel }) =>
          type === 'code' && FLOW.test(sharedModel.getSource())
      )
    );
  };
  const onRun = (_: unknown, { notebook }: { notebook: Widget }): void => {
    if (notebook === panel.content) {
      look();
    }
  };
  button.hide();
  void panel.context.ready.then(look);
  panel.context.saveState.connect(look);
  NotebookActions.executed.connect(onRun);
  button.disposed.connect(() => {
    panel.context.saveState.disconnect(look);
    NotebookActions.executed.disconnect(onRun);
  });
}

/**
 * Show that something goes on which takes a few seconds.
 */
async function told<T>(text: string, work: Promise<T>): Promise<T> {
  const id = Notification.emit(text, 'in-progress', { autoClose: false });
  try {
    return await work;
  } finally {
    Notification.dismiss(id);
  }
}

async function saved(panel: NotebookPanel): Promise<{ path: string }> {
  const { context } = panel;
  await context.ready;
  if (context.model.dirty) {
    await context.save();
  }
  return { path: context.path };
}
