import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IExecutionRef } from '../api';
import { MIME_TYPE } from '../documents';

import { ExecutionRenderer } from '../renderer';
import { IExecutionModel } from '../tokens';

/** Before text/html, which is for where there is no extension. */
const RANK = 10;

/** The command that shows an execution in a document of its own; not every application has it. */
const OPEN = 'kitaru:open-execution';

/**
 * Executions in the output of notebook cells.
 */
export const renderer: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:renderer',
  description: 'Draws executions in the output of notebook cells.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [IExecutionModel, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    model: IExecutionModel | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const open = (ref: IExecutionRef): void => {
      void app.commands.execute(OPEN, { ...ref });
    };
    rendermime.addFactory(
      {
        // It draws text and nothing that a notebook could smuggle in, so trust is no question.
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () =>
          new ExecutionRenderer(
            model,
            trans,
            app.commands.hasCommand(OPEN) ? open : undefined
          )
      },
      RANK
    );
  }
};
