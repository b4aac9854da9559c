"""What a model call used: tokens, cost and time, in the form in which it is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.models.aliases import ModelSelection
    from kitaru.store.events import LLMUsage


def empty_usage(selection: ModelSelection, name: str = "") -> LLMUsage:
    """Return the usage of a call of which nothing is known yet.

    Examples
    --------
    >>> from kitaru.models.aliases import ModelSelection
    >>> empty_usage(ModelSelection("fast", "openai/gpt-5-nano", "fast"))["cost_source"]
    'none'
    """
    return {
        "name": name,
        "requested_model": selection.requested_model,
        "resolved_model": selection.resolved_model,
        "alias": selection.alias,
        "provider": selection.resolved_model.partition("/")[0] if "/" in selection.resolved_model else None,
        "credential_source": None,
        "input_tokens": None,
        "output_tokens": None,
        "total_tokens": None,
        "cached_input_tokens": None,
        "reasoning_tokens": None,
        "cost_usd": None,
        "cost_source": "none",
        "latency_ms": 0.0,
        "status": "completed",
        "prompt": {},
        "response": None,
        "warnings": [],
    }


def add_tokens(usage: LLMUsage, reported: Mapping[str, Any] | None) -> None:
    """Take over the numbers that the provider reports."""
    numbers = reported or {}
    usage["input_tokens"] = numbers.get("prompt_tokens")
    usage["output_tokens"] = numbers.get("completion_tokens")
    usage["total_tokens"] = numbers.get("total_tokens")
    usage["cached_input_tokens"] = (numbers.get("prompt_tokens_details") or {}).get("cached_tokens")
    usage["reasoning_tokens"] = (numbers.get("completion_tokens_details") or {}).get("reasoning_tokens")


def add_cost(usage: LLMUsage, response: Any, model: str, provider: str) -> None:
    """Work out what the call cost: what the provider says, else the price list of the installed LiteLLM."""
    reported = getattr(getattr(response, "usage", None), "cost", None)
    if isinstance(reported, int | float):
        usage["cost_usd"], usage["cost_source"] = float(reported), "provider_reported"
        return
    import litellm

    try:
        cost = litellm.completion_cost(completion_response=response, model=model, custom_llm_provider=provider)
    except Exception as error:
        # LiteLLM raises several kinds of errors for a model without a price; the answer is good without one.
        usage["cost_source"] = "none"
        usage["warnings"].append(f"No price is known for {model} ({type(error).__name__}), so its cost is not counted.")
        return
    usage["cost_usd"], usage["cost_source"] = float(cost), "calculator"
