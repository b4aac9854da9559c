import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { PartialJSONObject } from '@lumino/coreutils';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/**
 * A MIME bundle drawn by JupyterLab; nothing of it is trusted.
 */
export function Rendered(props: {
  rendermime: IRenderMimeRegistry;
  bundle: PartialJSONObject;
}): React.JSX.Element {
  const { rendermime, bundle } = props;
  const node = React.useRef<HTMLDivElement>(null);
  // A layout effect: its end comes while the widget is still in the page, where alone it can be taken out.
  React.useLayoutEffect(() => {
    const type = rendermime.preferredMimeType(bundle, 'any');
    const host = node.current;
    if (!type || !host) {
      return;
    }
    const renderer = rendermime.createRenderer(type);
    const model = rendermime.createModel({
      data: bundle,
      trusted: false
    });
    Widget.attach(renderer, host);
    MessageLoop.sendMessage(renderer, Widget.ResizeMessage.UnknownSize);
    void renderer.renderModel(model);
    return () => {
      renderer.dispose();
    };
  }, [rendermime, bundle]);
  return <div ref={node} className="jp-kitaru-rendered" />;
}
