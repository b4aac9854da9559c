import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IExecutionRef } from './api';

/**
 * What can be done with executions, in the palette, in menus and from other extensions.
 */
export const CommandIDs = {
  showExecutions: 'kitaru:show-executions',
  showNotebook: 'kitaru:show-notebook-executions',
  showWaits: 'kitaru:show-waits',
  open: 'kitaru:open-execution',
  openLocation: 'kitaru:open-location',
  cancel: 'kitaru:cancel-execution',
  resume: 'kitaru:resume-execution',
  retry: 'kitaru:retry-execution',
  replay: 'kitaru:replay-execution',
  compare: 'kitaru:compare-executions',
  openNotebook: 'kitaru:open-notebook',
  copyId: 'kitaru:copy-id',
  copyLink: 'kitaru:copy-link',
  copyPython: 'kitaru:copy-as-python',
  copyCli: 'kitaru:copy-as-cli',
  showDeployments: 'kitaru:show-deployments',
  openDeployment: 'kitaru:open-deployment',
  tag: 'kitaru:tag-deployment',
  untag: 'kitaru:untag-deployment',
  deleteDeployment: 'kitaru:delete-deployment',
  copyDeploymentCurl: 'kitaru:copy-deployment-as-curl',
  copyDeploymentPython: 'kitaru:copy-deployment-as-python',
  copyDeploymentCli: 'kitaru:copy-deployment-as-cli',
  deployFlow: 'kitaru:deploy-flow',
  exportFlow: 'kitaru:export-flow'
} as const;

/**
 * Arguments of every command that acts on one execution.
 */
export const EXECUTION_ARGUMENTS = {
  type: 'object',
  properties: {
    execId: {
      type: 'string',
      description:
        'Id of the execution; without it the one that is clicked or open is meant'
    },
    home: {
      type: ['string', 'null'],
      description: 'Id of its home; that of the server’s root folder without it'
    }
  }
} as const;

/**
 * Arguments of every command that acts on one deployed version.
 */
export const VERSION_ARGUMENTS = {
  type: 'object',
  properties: {
    flow: {
      type: 'string',
      description:
        'Name of the flow; without it the version that is clicked or open is meant'
    },
    version: {
      type: ['number', 'null'],
      description: 'Number of the version; the one that is the default without'
    },
    home: {
      type: ['string', 'null'],
      description: 'Id of its home; that of the server’s root folder without it'
    }
  }
} as const;

/**
 * The execution that a command's arguments name, if they name one.
 */
export function refOf(args: ReadonlyPartialJSONObject): IExecutionRef | null {
  const { execId, home } = args;
  return typeof execId === 'string'
    ? { execId, home: typeof home === 'string' ? home : null }
    : null;
}
