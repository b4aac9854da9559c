import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import type { StatusView } from '../documents';
import { IExecutionModel } from '../tokens';

/**
 * Follows the homes of open notebooks, as that of a notebook's folder may be another than the server's.
 */
export const homes: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:homes',
  description: 'Follows what happens in the homes of open notebooks.',
  autoStart: true,
  requires: [IExecutionModel, INotebookTracker],
  activate: (
    _: JupyterFrontEnd,
    model: IExecutionModel,
    notebooks: INotebookTracker
  ): void => {
    const follow = async (panel: NotebookPanel): Promise<void> => {
      await panel.context.ready;
      const { home } = await model.api.get<StatusView>('status', {
        path: panel.context.path
      });
      if (!panel.isDisposed) {
        const following = model.follow(home);
        panel.disposed.connect(() => {
          following.dispose();
        });
      }
    };
    notebooks.widgetAdded.connect((_, panel) => {
      follow(panel).catch(() => {
        // A server that cannot say where the notebook belongs cannot tell of its executions either.
      });
    });
  }
};
