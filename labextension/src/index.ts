import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { actions } from './plugins/actions';
import { deployments } from './plugins/deployments';
import { document } from './plugins/document';
import { homes } from './plugins/homes';
import { inbox } from './plugins/inbox';
import { model } from './plugins/model';
import { notebooks } from './plugins/notebooks';
import { renderer } from './plugins/renderer';
import { sidebar } from './plugins/sidebar';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  model,
  renderer,
  sidebar,
  document,
  actions,
  inbox,
  homes,
  deployments,
  notebooks
];

export default plugins;
