import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { kitaruIcon } from '../icons';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the application places it while it starts
import { ExecutionsPanel } from '../sidebar/panel';
import { IExecutionModel } from '../tokens';

/** Below the file browser and what runs, above extensions without a rank. */
const RANK = 300;

/**
 * All executions and open questions in the side bar.
 */
export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:sidebar',
  description: 'Adds a side bar of executions and of the questions they ask.',
  autoStart: true,
  requires: [IExecutionModel],
  optional: [ITranslator, ILayoutRestorer, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    model: IExecutionModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const panel = new ExecutionsPanel({
      model,
      trans,
      translator: translator ?? nullTranslator,
      commands: app.commands,
      open: ref => {
        void app.commands.execute(CommandIDs.open, { ...ref });
      }
    });
    app.shell.add(panel, 'left', { rank: RANK, type: 'Executions' });
    restorer?.add(panel, 'kitaru-panel');
    const show = (): void => {
      // Notebook 7.4 hides a panel that is activated while it is shown.
      if (panel.isVisible) {
        panel.activate();
      } else {
        app.shell.activateById(panel.id);
      }
    };
    app.commands.addCommand(CommandIDs.showExecutions, {
      label: trans.__('Show Executions'),
      caption: trans.__('Show the executions of flows in the side bar'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: show
    });
    app.commands.addCommand(CommandIDs.showNotebook, {
      label: trans.__('Show Executions of This Notebook'),
      caption: trans.__('Show the executions that this notebook started'),
      icon: kitaruIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => Boolean(notebooks?.currentWidget),
      execute: async () => {
        const path = notebooks?.currentWidget?.context.path;
        if (path) {
          show();
          await panel.showNotebook(path);
        }
      }
    });
    app.commands.addCommand(CommandIDs.showDeployments, {
      label: trans.__('Show Deployments'),
      caption: trans.__('Show the deployed flows in the side bar'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        panel.showDeployments();
        show();
      }
    });
    app.commands.addCommand(CommandIDs.showWaits, {
      label: trans.__('Show Open Questions'),
      caption: trans.__('Show the questions that executions wait for'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        panel.showWaits();
        show();
      }
    });
  }
};
