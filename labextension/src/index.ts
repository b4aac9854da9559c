import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { model } from './plugins/model';
import { renderer } from './plugins/renderer';

const plugins: JupyterFrontEndPlugin<unknown>[] = [model, renderer];

export default plugins;
