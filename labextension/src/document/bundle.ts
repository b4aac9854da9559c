import type { PartialJSONObject } from '@lumino/coreutils';

import type {
  ArtifactView,
  JsonContent,
  TablePage,
  TextPage
} from '../documents';
import type { Api } from '../api';
import { count } from '../components/format';

/** Characters of a text and rows of a table that are shown; all of it can be downloaded. */
const CHARACTERS = 100_000;
const ROWS = 100;

/**
 * A stored value as a MIME bundle for JupyterLab's renderers; null if only its preview can be shown.
 */
export async function bundleOf(
  api: Api,
  artifact: ArtifactView,
  home: string | null
): Promise<PartialJSONObject | null> {
  const path = `artifacts/${encodeURIComponent(artifact.artifact_id)}/content`;
  const { formats } = artifact;
  if (formats.includes('png')) {
    return {
      'image/png': base64(await api.bytes(path, { home, format: 'png' }))
    };
  }
  if (formats.includes('table')) {
    const query = { home, format: 'table', limit: ROWS };
    return { 'text/html': html(await api.get<TablePage>(path, query)) };
  }
  if (formats.includes('text')) {
    const query = { home, format: 'text', limit: CHARACTERS };
    const { text, more } = await api.get<TextPage>(path, query);
    return { [textType(artifact)]: more ? `${text}\n…` : text };
  }
  if (formats.includes('json')) {
    const query = { home, format: 'json' };
    const { value } = await api.get<JsonContent>(path, query);
    return typeof value === 'object' && value !== null
      ? { 'application/json': value as PartialJSONObject }
      : { 'text/plain': JSON.stringify(value) };
  }
  return null;
}

/**
 * What kind of text it is, from what its author said.
 */
function textType({ kind, name, value }: ArtifactView): string {
  const said = `${kind ?? ''} ${value.type ?? ''}`.toLowerCase();
  if (/markdown/.test(said) || /\.md$/.test(name)) {
    return 'text/markdown';
  }
  if (/html/.test(said) || /\.html?$/.test(name)) {
    return 'text/html';
  }
  return /svg/.test(said) ? 'image/svg+xml' : 'text/plain';
}

function html({ columns, rows, total, offset }: TablePage): string {
  const cells = (row: readonly unknown[], tag: string): string =>
    row.map(cell => `<${tag}>${escaped(text(cell))}</${tag}>`).join('');
  const body = rows.map(row => `<tr>${cells(row, 'td')}</tr>`).join('');
  const rest = total - offset - rows.length;
  return (
    `<table class="dataframe"><thead><tr>${cells(columns, 'th')}</tr></thead>` +
    `<tbody>${body}</tbody></table>` +
    (rest > 0 ? `<p>… ${count(rest)}</p>` : '')
  );
}

function text(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function base64(data: ArrayBuffer): string {
  let found = '';
  const all = new Uint8Array(data);
  for (let at = 0; at < all.length; at += 8192) {
    found += String.fromCharCode(...all.subarray(at, at + 8192));
  }
  return btoa(found);
}
