import { downloadIcon } from '@jupyterlab/ui-components';
import type { PartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import type { ArtifactView } from '../documents';
import { useEnvironment } from '../components/context';
import { bytes, typeName } from '../components/format';
import { Rendered } from '../components/Rendered';
import { ValuePreview } from '../components/ValuePreview';
import { bundleOf } from './bundle';
import { useApplication } from './environment';

/**
 * Stored values: opened, each is drawn by JupyterLab's own renderers.
 */
export function Artifacts(props: {
  artifacts: readonly ArtifactView[];
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (props.artifacts.length === 0) {
    return null;
  }
  return (
    <ul className="jp-kitaru-artifacts" aria-label={trans.__('Stored values')}>
      {props.artifacts.map(artifact => (
        <Artifact key={artifact.artifact_id} artifact={artifact} />
      ))}
    </ul>
  );
}

function Artifact(props: { artifact: ArtifactView }): React.JSX.Element {
  const { trans, model, live } = useEnvironment();
  const { artifact } = props;
  const [open, setOpen] = React.useState(false);
  const { value } = artifact;
  const facts = [
    value.type === null ? artifact.kind : typeName(value.type),
    value.size === null ? null : bytes(value.size)
  ].filter(fact => fact !== null);
  return (
    <li>
      <div className="jp-kitaru-artifact">
        <button
          className="jp-kitaru-link jp-kitaru-artifact-name"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <span className="jp-kitaru-caret" aria-hidden="true" />
          {artifact.call && !artifact.saved
            ? `${artifact.call} · ${artifact.name}`
            : artifact.name}
        </button>
        <span className="jp-kitaru-dim">{facts.join(' · ')}</span>
        {model && artifact.formats.includes('raw') && (
          <a
            className="jp-kitaru-icon-button"
            href={model.api.contentUrl(
              artifact.artifact_id,
              live?.home ?? null
            )}
            download
            title={trans.__('Download')}
            aria-label={trans.__('Download %1', artifact.name)}
          >
            <downloadIcon.react tag="span" width="16px" height="16px" />
          </a>
        )}
      </div>
      {open && <Content artifact={artifact} />}
    </li>
  );
}

function Content({ artifact }: { artifact: ArtifactView }): React.JSX.Element {
  const { trans, model, live } = useEnvironment();
  const { rendermime } = useApplication();
  const [bundle, setBundle] = React.useState<PartialJSONObject | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const home = live?.home ?? null;
  React.useEffect(() => {
    let current = true;
    if (model && rendermime) {
      bundleOf(model.api, artifact, home).then(
        found => {
          if (current) {
            setBundle(found);
          }
        },
        (error: unknown) => {
          if (current) {
            setProblem(error instanceof Error ? error.message : String(error));
          }
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, rendermime, artifact.artifact_id, home]);
  return (
    <div
      className="jp-kitaru-content"
      role="region"
      tabIndex={0}
      aria-label={artifact.name}
    >
      {problem && <p role="alert">{problem}</p>}
      {bundle && rendermime ? (
        <Rendered rendermime={rendermime} bundle={bundle} />
      ) : (
        <ValuePreview value={artifact.value} />
      )}
      {artifact.formats.length === 0 && (
        <p className="jp-kitaru-dim">
          {trans.__(
            'This is a pickled Python object: kitaru.load() reads it in a notebook.'
          )}
        </p>
      )}
    </div>
  );
}
