import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { Notices } from '../inbox/notices';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- the application places it while it starts
import { WaitsStatus } from '../inbox/status';
import { IExecutionModel } from '../tokens';

const SETTINGS = 'kitaru:plugin';

/**
 * Tells that executions wait for an answer, wherever they run.
 */
export const inbox: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:inbox',
  description:
    'Tells in the status bar and by notifications that executions wait for an answer.',
  autoStart: true,
  requires: [IExecutionModel],
  optional: [ITranslator, IStatusBar, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: IExecutionModel,
    translator: ITranslator | null,
    statusBar: IStatusBar | null,
    registry: ISettingRegistry | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const show = (): void => {
      void app.commands.execute(CommandIDs.showWaits);
    };
    const notices = new Notices(model, trans, show);
    statusBar?.registerStatusItem('kitaru:waits', {
      item: new WaitsStatus(model, trans, show),
      align: 'left',
      rank: 3,
      isActive: () => model.waits.length > 0,
      activeStateChanged: model.waitsChanged
    });
    void registry?.load(SETTINGS).then(settings => {
      const read = (): void => {
        notices.enabled = settings.get('notifyOfQuestions').composite !== false;
      };
      settings.changed.connect(read);
      read();
    });
  }
};
