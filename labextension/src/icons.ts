import { LabIcon } from '@jupyterlab/ui-components';

import type { CallView, ExecutionView } from './documents';

export type AnyStatus = CallView['status'] | ExecutionView['status'];

const icon = (name: string, body: string): LabIcon =>
  new LabIcon({
    name: `kitaru:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${body}</svg>`
  });

const stroke = (path: string): string =>
  `<g class="jp-icon3 jp-icon-selectable-inverse" fill="none" stroke="none"><path class="jp-kitaru-stroke" d="${path}"/></g>`;

/**
 * Kitaru's own mark: a step that is kept, and the way on.
 */
export const kitaruIcon = icon(
  'logo',
  '<path class="jp-icon3" fill="#616161" d="M2 3h2v10H2zM5.2 8 11 2.6l1.4 1.5L8.2 8l4.2 3.9-1.4 1.5z"/><circle class="jp-icon3" fill="#616161" cx="13" cy="8" r="1.4"/>'
);

/**
 * Different shapes, so that nobody has to tell colours apart.
 */
export const statusIcons: Record<AnyStatus, LabIcon> = {
  pending: icon('pending', stroke('M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z')),
  running: icon('running', stroke('M8 3a5 5 0 1 1-5 5')),
  waiting: icon('waiting', stroke('M6 3.5v9M10 3.5v9')),
  completed: icon('completed', stroke('M3 8.5 6.5 12 13 4.5')),
  failed: icon('failed', stroke('M4 4l8 8M12 4l-8 8')),
  cancelled: icon(
    'cancelled',
    stroke('M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3zM4.5 11.5l7-7')
  ),
  interrupted: icon('interrupted', stroke('M9 2.5 4.5 9H8l-1 4.5L11.5 7H8z')),
  reused: icon('reused', stroke('M12.5 8A4.5 4.5 0 1 1 11 4.6M11.5 2v3h-3'))
};
