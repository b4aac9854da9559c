import {
  ILabShell,
  ILayoutRestorer,
  IRouter,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  CommandToolbarButton,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { Toolbar } from '@jupyterlab/ui-components';

import type { IExecutionRef } from '../api';
import { CommandIDs, EXECUTION_ARGUMENTS } from '../commands';
import { addLocation } from '../document/location';
import { ExecutionDocuments, IExecutionDocuments } from '../document/tracker';
import type { ComparisonContent, ExecutionDocument } from '../document/widget';
import { IExecutionModel } from '../tokens';

/**
 * Executions in documents of their own, and two of them side by side.
 */
export const document: JupyterFrontEndPlugin<IExecutionDocuments> = {
  id: 'kitaru:document',
  description: 'Opens executions in documents of their own.',
  autoStart: true,
  requires: [IExecutionModel],
  optional: [
    IRenderMimeRegistry,
    ITranslator,
    ILayoutRestorer,
    ILabShell,
    IRouter
  ],
  provides: IExecutionDocuments,
  activate: (
    app: JupyterFrontEnd,
    model: IExecutionModel,
    rendermime: IRenderMimeRegistry | null,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    router: IRouter | null
  ): IExecutionDocuments => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const tracker = new WidgetTracker<ExecutionDocument>({
      namespace: 'kitaru-execution'
    });
    const documents = new ExecutionDocuments(app, tracker);
    const open = (ref: IExecutionRef): void => {
      void app.commands.execute(CommandIDs.open, { ...ref });
    };
    const options = (ref: IExecutionRef) => ({
      ref,
      model,
      trans,
      rendermime,
      commands: app.commands,
      open
    });
    // Notebook 7 shows one document and has panels beside it.
    const area = labShell ? 'main' : 'right';

    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Open Execution'),
      caption: trans.__('Show an execution in a document of its own'),
      describedBy: { args: EXECUTION_ARGUMENTS },
      isEnabled: args => documents.target(args) !== null,
      execute: async args => {
        const ref = documents.target(args);
        if (!ref) {
          return;
        }
        const opened = documents.find(ref);
        if (opened) {
          app.shell.activateById(opened.id);
          return opened;
        }
        const { ExecutionContent } = await import('../document/widget');
        const widget: ExecutionDocument = new MainAreaWidget({
          content: new ExecutionContent(options(ref)),
          translator: translator ?? nullTranslator
        });
        widget.id = `kitaru-execution-${ref.home ?? ''}-${ref.execId}`;
        addActions(widget, app, trans);
        app.shell.add(widget, area, { type: 'Execution' });
        await tracker.add(widget);
        app.shell.activateById(widget.id);
        return widget;
      }
    });

    const comparisons = new WidgetTracker<MainAreaWidget<ComparisonContent>>({
      namespace: 'kitaru-comparison'
    });
    app.commands.addCommand(CommandIDs.compare, {
      label: trans.__('Compare With…'),
      caption: trans.__('Put two executions side by side'),
      describedBy: {
        args: {
          ...EXECUTION_ARGUMENTS,
          properties: {
            ...EXECUTION_ARGUMENTS.properties,
            with: {
              type: 'string',
              description: 'Id of the other execution; asked for without it'
            }
          }
        }
      },
      isEnabled: args => documents.target(args) !== null,
      execute: async args => {
        const ref = documents.target(args);
        if (!ref) {
          return;
        }
        const other =
          typeof args.with === 'string'
            ? args.with
            : await (
                await import('../document/choosing')
              ).chooseOther(model, ref, trans);
        if (!other) {
          return;
        }
        const { ComparisonContent } = await import('../document/widget');
        const content = new ComparisonContent(options(ref), other);
        const widget = new MainAreaWidget({
          content,
          translator: translator ?? nullTranslator
        });
        widget.id = `kitaru-comparison-${ref.home ?? ''}-${ref.execId}-${other}`;
        app.shell.add(widget, area, { type: 'Comparison' });
        await comparisons.add(widget);
        app.shell.activateById(widget.id);
        return widget;
      }
    });

    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.open,
        args: ({ content }) => ({ ...content.ref }),
        name: ({ content }) => `${content.ref.home ?? ''}:${content.ref.execId}`
      });
      void restorer.restore(comparisons, {
        command: CommandIDs.compare,
        args: ({ content }) => ({ ...content.ref, with: content.other }),
        name: ({ content }) =>
          `${content.ref.home ?? ''}:${content.ref.execId}:${content.other}`
      });
    }
    if (router) {
      addLocation(app, router, trans);
    }
    return documents;
  }
};

/**
 * What can be done with the execution, in the toolbar of its document.
 */
function addActions(
  widget: ExecutionDocument,
  app: JupyterFrontEnd,
  trans: TranslationBundle
): void {
  const args = { ...widget.content.ref };
  const ids = {
    resume: CommandIDs.resume,
    retry: CommandIDs.retry,
    cancel: CommandIDs.cancel,
    replay: CommandIDs.replay,
    compare: CommandIDs.compare
  };
  for (const [name, id] of Object.entries(ids)) {
    widget.toolbar.addItem(
      name,
      new CommandToolbarButton({ commands: app.commands, id, args })
    );
  }
  widget.toolbar.addItem('spacer', Toolbar.createSpacerItem());
  widget.toolbar.addItem(
    'link',
    new CommandToolbarButton({
      commands: app.commands,
      id: CommandIDs.copyLink,
      args,
      label: ''
    })
  );
  widget.toolbar.node.setAttribute(
    'aria-label',
    trans.__('What can be done with the execution')
  );
  widget.content.statusChanged.connect(() => {
    for (const id of Object.values(ids)) {
      if (app.commands.hasCommand(id)) {
        app.commands.notifyCommandChanged(id);
      }
    }
  });
}
