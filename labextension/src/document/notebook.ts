import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';

/**
 * Open a notebook and show the cell that defines a function or a flow.
 *
 * @returns Whether there is such a cell.
 */
export async function showCell(
  app: JupyterFrontEnd,
  path: string,
  name: string
): Promise<boolean> {
  const panel = (await app.commands.execute('docmanager:open', {
    path: contentsPath(path, PageConfig.getOption('serverRoot'))
  })) as NotebookPanel | undefined;
  if (!panel) {
    return false;
  }
  app.shell.activateById(panel.id);
  await panel.context.ready;
  await panel.revealed;
  const sources = panel.content.widgets.map(cell =>
    cell.model.sharedModel.getSource()
  );
  const index = definitionOf(name, sources);
  if (index < 0) {
    return false;
  }
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  await panel.content.scrollToItem(index, 'smart');
  panel.content.node.focus();
  return true;
}

/**
 * The last cell that defines a name: by `def`, or as the flow or checkpoint of a cell magic.
 */
export function definitionOf(name: string, sources: readonly string[]): number {
  const plain = name.replace(/[^\w]/g, '\\$&');
  const defined = new RegExp(
    `^[ \\t]*(async[ \\t]+)?def[ \\t]+${plain}[ \\t]*\\(|^%%kitaru_(flow|checkpoint)[ \\t]+${plain}\\b`,
    'm'
  );
  for (let index = sources.length - 1; index >= 0; index -= 1) {
    if (defined.test(sources[index] ?? '')) {
      return index;
    }
  }
  return -1;
}

/**
 * A notebook's path below the server's root folder, which may be written with `~`.
 */
export function contentsPath(path: string, root: string): string {
  const folder = root.replace(/^~/, '').replace(/\/+$/, '');
  const start = root.startsWith('~')
    ? path.indexOf(`${folder}/`)
    : path.startsWith(`${folder}/`)
      ? 0
      : -1;
  return start < 0
    ? path.replace(/^\/+/, '')
    : path.slice(start + folder.length + 1);
}
