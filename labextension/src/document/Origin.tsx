import * as React from 'react';

import { CommandIDs } from '../commands';
import { useEnvironment } from '../components/context';
import { invokerText } from '../components/format';
import type { ExecutionView } from '../documents';
import { fileName } from '../sidebar/query';
import { useApplication } from './environment';

/**
 * Where it comes from: notebook, version of the flow, original, parent.
 */
export function Origin({ view }: { view: ExecutionView }): React.JSX.Element {
  const { trans, open, live } = useEnvironment();
  const { commands } = useApplication();
  const link = (execId: string): React.JSX.Element => (
    <button
      className="jp-kitaru-id jp-kitaru-link"
      onClick={() => {
        open?.({ execId, home: live?.home ?? null });
      }}
    >
      {execId}
    </button>
  );
  const { notebook, snapshot_id: code, deployment_version: version } = view;
  const invoker = invokerText(view, trans);
  return (
    <div className="jp-kitaru-origin jp-kitaru-dim">
      {notebook && (
        <button
          className="jp-kitaru-link"
          title={notebook}
          onClick={() => {
            void commands.execute(CommandIDs.openNotebook, {
              path: notebook,
              name: view.flow
            });
          }}
        >
          {fileName(notebook)}
        </button>
      )}
      {version !== null && (
        <button
          className="jp-kitaru-link"
          title={trans.__('Open this version with all of its runs')}
          onClick={() => {
            void commands.execute(CommandIDs.openDeployment, {
              flow: view.flow,
              version,
              home: live?.home ?? null
            });
          }}
        >
          {trans.__('Version %1', version)}
        </button>
      )}
      {invoker !== null && <span>{trans.__('Invoked by %1', invoker)}</span>}
      {code && (
        <span title={code}>
          {trans.__('Code %1', code.replace(/^.*[:-]/, '').slice(0, 8))}
        </span>
      )}
      {view.original_exec_id && (
        <span>
          {trans.__('Replay of')} {link(view.original_exec_id)}
        </span>
      )}
      {view.parent_exec_id && (
        <span>
          {trans.__('Started by')} {link(view.parent_exec_id)}
        </span>
      )}
      {view.tags.map(tag => (
        <span key={tag} className="jp-kitaru-tag">
          {tag}
        </span>
      ))}
    </div>
  );
}
