import type { TranslationBundle } from '@jupyterlab/translation';
import { Time } from '@jupyterlab/coreutils';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { CommandIDs } from '../commands';
import { Environment, useEnvironment } from '../components/context';
import { moment } from '../components/format';
import { problemText } from '../components/problem';
import { useApplication } from '../document/environment';
import type { DeploymentSummary, DeploymentView } from '../documents';
import { useChanges } from '../sidebar/Executions';
import { fileName } from '../sidebar/query';
import { InvokeForm } from './InvokeForm';
import type { Deployments } from './list';
import { getVersion, type IVersionRef } from './routes';
import { Runs } from './Runs';
import { Schedules } from './Schedules';
import { Requirements, Script } from './Script';
import { Tags } from './Tags';
import { DEFAULT_TAG } from './tags';

/**
 * The versions of a flow, and what can be done with each.
 */
export function Document(props: {
  list: Deployments;
  flow: string;
  /** The version that is chosen; null for the one that is invoked where nothing is said. */
  version: number | null;
  trans: TranslationBundle;
  /** Whether somebody can see it. */
  visible: boolean;
  open(ref: IExecutionRef): void;
  onVersion(version: number): void;
}): React.JSX.Element {
  const { list, trans, open, flow } = props;
  const { model, home } = list;
  useChanges(list);
  const environment = React.useMemo(
    () => ({ trans, model, live: null, open }),
    [trans, model, open]
  );
  const chosen = chosenOf(list.versions, props.version);
  React.useEffect(() => {
    if (chosen && chosen.version !== props.version && list.loaded) {
      props.onVersion(chosen.version);
    }
  }, [chosen, props.version, list.loaded]);
  return (
    <Environment.Provider value={environment}>
      <article
        className="jp-kitaru-execution jp-kitaru-document jp-kitaru-deployment"
        aria-label={trans.__('Deployments of %1', flow)}
        data-kitaru-home={home ?? ''}
      >
        <div className="jp-kitaru-top">
          <div className="jp-kitaru-header">
            <span className="jp-kitaru-flow">{flow}</span>
            <span className="jp-kitaru-dim">{chosen?.about}</span>
          </div>
          {list.problem && (
            <p className="jp-kitaru-note" role="alert">
              {list.problem}
            </p>
          )}
        </div>
        {chosen ? (
          <div className="jp-kitaru-body">
            <Versions
              versions={list.versions}
              chosen={chosen.version}
              onChoose={props.onVersion}
            />
            <Version
              key={chosen.version}
              summary={chosen}
              list={list}
              visible={props.visible}
            />
          </div>
        ) : (
          <p className="jp-kitaru-nothing" role="status">
            {list.loaded
              ? trans.__('No version of %1 is deployed in this home.', flow)
              : !list.problem && trans.__('Loading…')}
          </p>
        )}
      </article>
    </Environment.Provider>
  );
}

function chosenOf(
  versions: readonly DeploymentSummary[],
  wanted: number | null
): DeploymentSummary | undefined {
  return (
    versions.find(({ version }) => version === wanted) ??
    versions.find(({ tags }) => DEFAULT_TAG in tags) ??
    versions[0]
  );
}

function Versions(props: {
  versions: readonly DeploymentSummary[];
  chosen: number;
  onChoose(version: number): void;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  return (
    <nav className="jp-kitaru-versions" aria-label={trans.__('Versions')}>
      <ul>
        {props.versions.map(({ flow, version, tags, created_at: at }) => (
          <li key={version}>
            <button
              className="jp-kitaru-version jp-kitaru-deployed"
              aria-current={version === props.chosen}
              data-kitaru-flow={flow}
              data-kitaru-version={version}
              onClick={() => {
                props.onChoose(version);
              }}
            >
              <span className="jp-kitaru-item-line">
                <span>{trans.__('Version %1', version)}</span>
                {at !== null && (
                  <span
                    className="jp-kitaru-dim jp-kitaru-when"
                    title={moment(at)}
                  >
                    {Time.formatHuman(new Date(at * 1000), 'narrow')}
                  </span>
                )}
              </span>
              <Tags tags={tags} />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Version(props: {
  summary: DeploymentSummary;
  list: Deployments;
  visible: boolean;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { commands } = useApplication();
  const { summary, list } = props;
  const { flow, version, tags } = summary;
  const { home } = list;
  const target = React.useMemo(
    () => ({ flow, version, home }),
    [flow, version, home]
  );
  const [found, problem] = useVersion(target, list);
  const view = found && { ...found, tags };
  return (
    <div className="jp-kitaru-main">
      <section
        className="jp-kitaru-part"
        aria-label={trans.__('Version %1', version)}
      >
        <div className="jp-kitaru-version-title">
          <h3>{trans.__('Version %1', version)}</h3>
          <Tags
            tags={tags}
            onRemove={tag => {
              void commands.execute(CommandIDs.untag, { ...target, tag });
            }}
          />
          <button
            className="jp-kitaru-link"
            onClick={() => {
              void commands.execute(CommandIDs.tag, { ...target });
            }}
          >
            {trans.__('Set a tag…')}
          </button>
        </div>
        <Origin summary={summary} view={view} />
        {view?.notes.map(note => (
          <p key={note} className="jp-kitaru-dim">
            {note}
          </p>
        ))}
        {problem && (
          <p className="jp-kitaru-problem" role="alert">
            {problem}
          </p>
        )}
      </section>
      {view && <InvokeForm view={view} target={target} />}
      <Runs target={target} visible={props.visible} />
      <Schedules list={list} summary={summary} view={view} />
      {view && <Script view={view} />}
      {view && <Requirements view={view} />}
    </div>
  );
}

/**
 * What a version holds; asked for again with every change, as the address to invoke it may be another.
 */
function useVersion(
  target: IVersionRef,
  list: Deployments
): [DeploymentView | null, string | null] {
  const { model } = useEnvironment();
  const [view, setView] = React.useState<DeploymentView | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const { versions } = list;
  React.useEffect(() => {
    let current = true;
    if (model) {
      getVersion(model.api, target).then(
        found => {
          if (current) {
            setView(before => (isSame(before, found) ? before : found));
            setProblem(null);
          }
        },
        (error: unknown) => {
          if (current) {
            setProblem(problemText(error));
          }
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, target, versions]);
  return [view, problem];
}

/**
 * A form whose schema is the same keeps what was typed, and the focus.
 */
function isSame(before: DeploymentView | null, found: DeploymentView): boolean {
  return JSON.stringify(before) === JSON.stringify(found);
}

/**
 * When, by whom and from what it was made.
 */
function Origin(props: {
  summary: DeploymentSummary;
  view: DeploymentView | null;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { commands } = useApplication();
  const { summary, view } = props;
  const { created_at: at, created_by: by, source } = summary;
  const isNotebook = source?.endsWith('.ipynb') ?? false;
  return (
    <div className="jp-kitaru-made jp-kitaru-dim">
      {at !== null && (
        <span>
          {by === null
            ? trans.__('Deployed %1', moment(at))
            : trans.__('Deployed %1 by %2', moment(at), by)}
        </span>
      )}
      {source !== null &&
        (isNotebook ? (
          <button
            className="jp-kitaru-link"
            title={source}
            onClick={() => {
              void commands.execute(CommandIDs.openNotebook, {
                path: source,
                name: summary.flow
              });
            }}
          >
            {fileName(source)}
          </button>
        ) : (
          <span title={source}>{fileName(source)}</span>
        ))}
      {view?.commit_sha && (
        <span title={view.commit_sha}>
          {view.commit_dirty
            ? trans.__('commit %1, with changes', view.commit_sha.slice(0, 8))
            : trans.__('commit %1', view.commit_sha.slice(0, 8))}
        </span>
      )}
      {view && (
        <span>
          {trans.__('Python %1, Kitaru %2', view.python, view.kitaru)}
        </span>
      )}
      {view && view.stack !== 'local' && (
        <span>{trans.__('stack %1', view.stack)}</span>
      )}
    </div>
  );
}
