import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

/* eslint-disable jupyter/prefer-lazy-imports -- the model is what the other plugins ask for at start */
import { Api } from '../api';
import { ExecutionModel } from '../model';
import { IExecutionModel } from '../tokens';

/**
 * One model for all views, so that they share what they fetch and one stream of changes.
 */
export const model: JupyterFrontEndPlugin<IExecutionModel> = {
  id: 'kitaru:model',
  description: 'Provides what the server knows of executions.',
  autoStart: true,
  provides: IExecutionModel,
  activate: (app: JupyterFrontEnd): IExecutionModel =>
    new ExecutionModel(new Api(app.serviceManager.serverSettings))
};
