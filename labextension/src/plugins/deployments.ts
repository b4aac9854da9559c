import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Clipboard,
  CommandToolbarButton,
  Dialog,
  ICommandPalette,
  MainAreaWidget,
  Notification,
  WidgetTracker,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import type {
  PartialJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { CommandIDs, VERSION_ARGUMENTS } from '../commands';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a few lines
import { problemText } from '../components/problem';
import {
  addTag,
  deleteVersion,
  getSchedules,
  getVersion,
  getVersions,
  removeTag,
  type IVersionRef
} from '../deployments/routes';
import { holding } from '../deployments/tags';
import type { DeploymentDocument } from '../deployments/widget';
import type { DeploymentView } from '../documents';
import { IExecutionModel } from '../tokens';

const IN_PALETTE = [
  CommandIDs.tag,
  CommandIDs.deleteDeployment,
  CommandIDs.copyDeploymentCurl,
  CommandIDs.copyDeploymentPython,
  CommandIDs.copyDeploymentCli
];

/**
 * Deployed versions of flows in documents of their own, and what can be done with them.
 */
export const deployments: JupyterFrontEndPlugin<void> = {
  id: 'kitaru:deployments',
  description: 'Shows, tags, invokes and deletes deployed versions of flows.',
  autoStart: true,
  requires: [IExecutionModel],
  optional: [
    IRenderMimeRegistry,
    ITranslator,
    ILayoutRestorer,
    ILabShell,
    ICommandPalette
  ],
  activate: (
    app: JupyterFrontEnd,
    model: IExecutionModel,
    rendermime: IRenderMimeRegistry | null,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kitaru');
    const { commands } = app;
    const tracker = new WidgetTracker<DeploymentDocument>({
      namespace: 'kitaru-deployment'
    });
    // Notebook 7 shows one document and has panels beside it.
    const area = labShell ? 'main' : 'right';
    const target = (args: ReadonlyPartialJSONObject): IVersionRef | null =>
      targetOf(app, tracker, args);
    const isEnabled = (args: ReadonlyPartialJSONObject): boolean =>
      target(args) !== null;
    const describedBy = { args: VERSION_ARGUMENTS };
    /** Ask the server; what it refuses is told in a dialog. */
    const ask = async (
      title: string,
      args: ReadonlyPartialJSONObject,
      act: (ref: IVersionRef) => Promise<unknown>
    ): Promise<void> => {
      const ref = target(args);
      if (ref) {
        await act(ref).catch((error: unknown) =>
          showErrorMessage(title, problemText(error))
        );
      }
    };

    commands.addCommand(CommandIDs.openDeployment, {
      label: trans.__('Open Deployment'),
      caption: trans.__('Show the versions of a flow in a document'),
      describedBy,
      isEnabled: args => flowNamed(args) !== null || target(args) !== null,
      execute: async args => {
        const clicked = flowNamed(args) === null ? target(args) : null;
        const flow = clicked?.flow ?? flowNamed(args);
        if (!flow) {
          return;
        }
        const version = clicked?.version ?? versionNamed(args);
        const home = clicked ? clicked.home : homeNamed(args);
        const opened = documentOf(tracker, flow, home);
        if (opened) {
          opened.content.version = version ?? opened.content.version;
          app.shell.activateById(opened.id);
          return opened;
        }
        const { DeploymentContent } = await import('../deployments/widget');
        const content = new DeploymentContent({
          flow,
          home,
          version,
          model,
          trans,
          commands,
          rendermime,
          open: ref => {
            void commands.execute(CommandIDs.open, { ...ref });
          }
        });
        const widget: DeploymentDocument = new MainAreaWidget({
          content,
          translator: translator ?? nullTranslator
        });
        widget.id = `kitaru-deployment-${home ?? ''}-${flow}`;
        addActions(widget, app);
        widget.toolbar.node.setAttribute(
          'aria-label',
          trans.__('What can be done with the version')
        );
        content.versionChanged.connect(() => {
          void tracker.save(widget);
        });
        app.shell.add(widget, area, { type: 'Deployment' });
        await tracker.add(widget);
        app.shell.activateById(widget.id);
        return widget;
      }
    });
    commands.addCommand(CommandIDs.tag, {
      label: trans.__('Set Tag…'),
      caption: trans.__('Give the version a tag, or move one to it'),
      describedBy,
      isEnabled,
      execute: args =>
        ask(trans.__('The tag was not set'), args, async ref => {
          const [versions, schedules, { askForTag }] = await Promise.all([
            getVersions(model.api, ref.home, ref.flow),
            getSchedules(model.api, ref.home, ref.flow),
            import('../deployments/TagDialog')
          ]);
          const { version } = ref;
          const asked = { version, versions, schedules, trans };
          const tagging = await askForTag(ref.flow, asked);
          if (tagging) {
            const { tag, exclusive } = tagging;
            await addTag(model.api, ref, tag, exclusive);
          }
        })
    });
    commands.addCommand(CommandIDs.untag, {
      label: trans.__('Remove Tag…'),
      caption: trans.__('Take a tag from the version'),
      describedBy: {
        args: {
          ...VERSION_ARGUMENTS,
          properties: {
            ...VERSION_ARGUMENTS.properties,
            tag: { type: 'string', description: 'The tag' }
          },
          required: ['tag']
        }
      },
      isEnabled: args => typeof args.tag === 'string' && target(args) !== null,
      execute: args =>
        ask(trans.__('The tag was not removed'), args, async ref => {
          const { tag } = args;
          if (typeof tag !== 'string') {
            return;
          }
          const { button } = await showDialog({
            title: trans.__('Remove the tag %1?', tag),
            body: trans.__(
              'Version %1 of %2 loses it. Who invokes by %3 is refused unless another version has it.',
              ref.version,
              ref.flow,
              tag
            ),
            buttons: [
              Dialog.cancelButton({ label: trans.__('Keep It') }),
              Dialog.warnButton({ label: trans.__('Remove') })
            ]
          });
          if (button.accept) {
            await removeTag(model.api, ref, tag);
          }
        })
    });
    commands.addCommand(CommandIDs.deleteDeployment, {
      label: trans.__('Delete Version…'),
      caption: trans.__('Let nobody invoke the version any more'),
      describedBy,
      isEnabled,
      execute: args =>
        ask(trans.__('The version was not deleted'), args, async ref => {
          const { tags } = await getVersion(model.api, ref);
          const held = holding(tags);
          if (held.length > 0) {
            const { button } = await showDialog({
              title: trans.__('Version %1 cannot be deleted', ref.version),
              body: trans.__(
                'It alone has %1. Give that to another version first.',
                held.join(', ')
              ),
              buttons: [Dialog.okButton()]
            });
            return button;
          }
          const { button } = await showDialog({
            title: trans.__('Delete version %1 of %2?', ref.version, ref.flow),
            body: trans.__(
              'Nobody can invoke it any more, and its number is not given again. What it ran stays.'
            ),
            buttons: [
              Dialog.cancelButton({ label: trans.__('Keep It') }),
              Dialog.warnButton({ label: trans.__('Delete') })
            ]
          });
          if (button.accept) {
            await deleteVersion(model.api, ref);
          }
        })
    });

    type Texts = typeof import('../deployments/texts');
    type Writer = (view: DeploymentView, inputs: PartialJSONObject) => string;
    const copies: [string, string, string, (texts: Texts) => Writer][] = [
      [
        CommandIDs.copyDeploymentCurl,
        trans.__('Copy as curl'),
        trans.__('Copy the command that invokes it over HTTP'),
        texts => texts.asCurl
      ],
      [
        CommandIDs.copyDeploymentPython,
        trans.__('Copy as Python'),
        trans.__('Copy the lines that invoke it in Python'),
        texts => texts.asPython
      ],
      [
        CommandIDs.copyDeploymentCli,
        trans.__('Copy as Command'),
        trans.__('Copy the command for a terminal'),
        texts => texts.asCli
      ]
    ];
    for (const [id, label, caption, writer] of copies) {
      commands.addCommand(id, {
        label,
        caption,
        icon: copyIcon,
        describedBy,
        isEnabled,
        execute: args =>
          ask(trans.__('Nothing was copied'), args, async ref => {
            const [view, texts, { exampleOf }] = await Promise.all([
              getVersion(model.api, ref),
              import('../deployments/texts'),
              import('../deployments/inputs')
            ]);
            const write = writer(texts);
            Clipboard.copyToSystem(write(view, exampleOf(view.json_schema)));
            Notification.success(trans.__('Copied'), { autoClose: 1500 });
          })
      });
    }

    const category = trans.__('Kitaru');
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category });
    }
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openDeployment,
        args: ({ content: { flow, version, home } }) => ({
          flow,
          version,
          home
        }),
        name: ({ content }) => `${content.home ?? ''}:${content.flow}`
      });
    }
  }
};

/**
 * The version that a command's arguments mean: the named, the clicked or the open one.
 */
function targetOf(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<DeploymentDocument>,
  args: ReadonlyPartialJSONObject
): IVersionRef | null {
  const flow = flowNamed(args);
  const version = versionNamed(args);
  const home = homeNamed(args);
  if (flow !== null) {
    const open = documentOf(tracker, flow, home)?.content.version ?? null;
    const found = version ?? open;
    return found === null ? null : { flow, version: found, home };
  }
  if (args.clicked === true) {
    return clicked(app);
  }
  const current = tracker.currentWidget;
  if (!current || current !== app.shell.currentWidget) {
    return null;
  }
  const { content } = current;
  return content.version === null
    ? null
    : { flow: content.flow, version: content.version, home: content.home };
}

function clicked(app: JupyterFrontEnd): IVersionRef | null {
  const node = app.contextMenuHitTest(
    ({ dataset }) => dataset.kitaruVersion !== undefined
  );
  const { kitaruFlow: flow, kitaruVersion: version } = node?.dataset ?? {};
  const home =
    node?.closest<HTMLElement>('[data-kitaru-home]')?.dataset.kitaruHome;
  return flow === undefined
    ? null
    : { flow, version: Number(version), home: home || null };
}

function flowNamed({ flow }: ReadonlyPartialJSONObject): string | null {
  return typeof flow === 'string' ? flow : null;
}

function versionNamed({ version }: ReadonlyPartialJSONObject): number | null {
  return typeof version === 'number' ? version : null;
}

function homeNamed({ home }: ReadonlyPartialJSONObject): string | null {
  return typeof home === 'string' ? home : null;
}

function documentOf(
  tracker: WidgetTracker<DeploymentDocument>,
  flow: string,
  home: string | null
): DeploymentDocument | undefined {
  return tracker.find(
    ({ content }) => content.flow === flow && content.home === home
  );
}

/**
 * What can be done with the version that a document shows, in its toolbar.
 */
function addActions(widget: DeploymentDocument, app: JupyterFrontEnd): void {
  const { commands } = app;
  const { flow, home, versionChanged } = widget.content;
  const ids = [CommandIDs.tag, CommandIDs.deleteDeployment];
  for (const id of ids) {
    // Of the version that is shown then.
    const args = { flow, home };
    const button = new CommandToolbarButton({ commands, id, args });
    widget.toolbar.addItem(id, button);
  }
  versionChanged.connect(() => {
    for (const id of ids) {
      commands.notifyCommandChanged(id);
    }
  });
}
