import { Time } from '@jupyterlab/coreutils';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { useEnvironment } from '../components/context';
import { count, moment } from '../components/format';
import { VirtualTree, type ITreeRow } from '../components/VirtualTree';
import type { DeploymentSummary } from '../documents';
import { useChanges } from '../sidebar/Executions';
import { fileName } from '../sidebar/query';
import type { Deployments, IDeployedFlow } from './list';
import { Tags } from './Tags';

const ROW_HEIGHT = 44;

type Row =
  | { kind: 'flow'; found: IDeployedFlow; open: boolean }
  | { kind: 'version'; found: DeploymentSummary; place: [number, number] };

/**
 * The flows that are deployed, with their versions.
 */
export function DeployedFlows(props: {
  list: Deployments;
  commands: CommandRegistry;
  /** Told whenever there is something else to see. */
  onDrawn?(): void;
}): React.JSX.Element {
  const { list, commands } = props;
  const { trans } = useEnvironment();
  useChanges(list);
  const { loaded } = list;
  const isEmpty = list.versions.length === 0;
  React.useEffect(() => {
    props.onDrawn?.();
  }, [loaded, isEmpty]);
  const [closed, setClosed] = React.useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = React.useState(-1);
  const rows = rowsOf(list, closed);
  const fold = (index: number, open: boolean): void => {
    const row = rows[index];
    if (row?.kind === 'flow') {
      const others = [...closed].filter(flow => flow !== row.found.flow);
      setClosed(new Set(open ? others : [...others, row.found.flow]));
    }
  };
  if (list.problem) {
    return (
      <p className="jp-kitaru-problem" role="alert">
        {list.problem}
      </p>
    );
  }
  if (rows.length === 0) {
    return list.loaded ? <Teach commands={commands} /> : <></>;
  }
  return (
    <div className="jp-kitaru-executions" data-kitaru-home={list.home ?? ''}>
      <VirtualTree
        label={trans.__('Deployments')}
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        active={Math.min(active, rows.length - 1)}
        onActive={setActive}
        onFold={fold}
        onOpen={index => {
          const row = rows[index];
          if (row?.kind === 'flow') {
            fold(index, !row.open);
          } else if (row) {
            const { flow, version } = row.found;
            void commands.execute(CommandIDs.openDeployment, {
              flow,
              version,
              home: list.home
            });
          }
        }}
        row={index => {
          const row = rows[index];
          return row ? drawn(row, trans) : null;
        }}
      />
    </div>
  );
}

function rowsOf(list: Deployments, closed: ReadonlySet<string>): Row[] {
  return list.flows.flatMap((found): Row[] => {
    const open = !closed.has(found.flow);
    const { versions } = found;
    const inner = versions.map((version, index): Row => {
      const place: [number, number] = [index + 1, versions.length];
      return { kind: 'version', found: version, place };
    });
    return [{ kind: 'flow', found, open }, ...(open ? inner : [])];
  });
}

type Bundle = ReturnType<typeof useEnvironment>['trans'];

function drawn(row: Row, trans: Bundle): ITreeRow {
  if (row.kind === 'flow') {
    const { flow, versions } = row.found;
    return {
      key: flow,
      level: 1,
      expanded: row.open,
      className: 'jp-kitaru-group',
      content: (
        <>
          <span className="jp-kitaru-caret" aria-hidden="true" />
          <span className="jp-kitaru-name" title={versions[0]?.about ?? flow}>
            {flow}
          </span>
          <span className="jp-kitaru-dim">{count(versions.length)}</span>
        </>
      )
    };
  }
  const { flow, version, tags, created_at: at, created_by: by } = row.found;
  const when =
    at === null ? '' : Time.formatHuman(new Date(at * 1000), 'narrow');
  const source = row.found.source === null ? '' : fileName(row.found.source);
  const made = [source, by].filter(Boolean).join(' · ');
  const name = trans.__('Version %1', version);
  return {
    key: `${flow} ${version}`,
    level: 2,
    position: row.place,
    className: 'jp-kitaru-deployed',
    data: { 'data-kitaru-flow': flow, 'data-kitaru-version': String(version) },
    label: [name, ...Object.keys(tags), when, made].filter(Boolean).join(', '),
    content: (
      <span className="jp-kitaru-item-text jp-kitaru-inner">
        <span className="jp-kitaru-item-line jp-kitaru-tagged">
          <span className="jp-kitaru-name">{name}</span>
          <Tags tags={tags} compact />
        </span>
        <span
          className="jp-kitaru-item-line jp-kitaru-dim"
          title={row.found.source ?? ''}
        >
          <span className="jp-kitaru-name">{made}</span>
          <span
            className="jp-kitaru-when"
            title={at === null ? '' : moment(at)}
          >
            {when}
          </span>
        </span>
      </span>
    )
  };
}

/**
 * Nothing is deployed yet: how to begin.
 */
function Teach({ commands }: { commands: CommandRegistry }): React.JSX.Element {
  const { trans } = useEnvironment();
  const [, draw] = React.useReducer((value: number) => value + 1, 0);
  React.useEffect(() => {
    const onChanged = (): void => {
      draw();
    };
    commands.commandChanged.connect(onChanged);
    return () => {
      commands.commandChanged.disconnect(onChanged);
    };
  }, [commands]);
  return (
    <div className="jp-kitaru-teach">
      <p>
        {trans.__(
          'A deployment is a version of a flow that runs without its notebook: from a form here, from a terminal, over HTTP or by the clock.'
        )}
      </p>
      <p>{trans.__('Make one in a notebook, or on a terminal:')}</p>
      <pre tabIndex={0} aria-label={trans.__('Example')}>
        {EXAMPLE}
      </pre>
      {commands.hasCommand(CommandIDs.deployFlow) &&
        commands.isEnabled(CommandIDs.deployFlow) && (
          <button
            className="jp-mod-styled jp-mod-accept"
            onClick={() => {
              void commands.execute(CommandIDs.deployFlow);
            }}
          >
            {trans.__('Deploy a flow of this notebook…')}
          </button>
        )}
    </div>
  );
}

const EXAMPLE = `hello.deploy()

kitaru deploy hello.ipynb:hello`;
