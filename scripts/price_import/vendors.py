"""Which of our vendors takes which part of which list, and how its upstream ids look there."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vendor:
    """A vendor key of ours and its sections in the two lists.

    `genai`: provider ids. `litellm`: provider value -> prefix that the list puts before the upstream id.
    `slash`: whether upstream ids contain `/`; where they do not, an id with one is a region, a size or a quality that the
    list encodes in its key, and no id. `prefixed_only`: keys without the prefix are size classes. `skip`: ids that the
    section names but this vendor does not serve. `routed`: the ids are called as `<id>:<inference provider>`.
    `input_only`: the list says that only input is billed.
    """

    key: str
    genai: tuple = ()
    litellm: dict = field(default_factory=dict)
    slash: bool = False
    prefixed_only: bool = False
    skip: str = ""
    routed: bool = False
    input_only: bool = False

    def upstream_id(self, provider, listed):
        """The upstream id of a litellm key, None when the key names no single model."""
        prefix = self.litellm[provider]
        bare = listed.removeprefix(prefix)
        if self.prefixed_only and bare == listed:
            return None
        return bare if self.serves(bare) else None

    def serves(self, upstream):
        """Whether a text can be one upstream id of this vendor."""
        if not upstream or upstream != upstream.strip() or (self.skip and re.search(self.skip, upstream)):
            return False
        if upstream.startswith("ft:") or SIZED.search(upstream):
            return False
        return self.slash or "/" not in upstream


# `1024-x-1024/...`, `50-steps/...`: the price of one picture size, listed under a made-up id.
SIZED = re.compile(r"(^|/)(\d+-x-\d+|max-x-max|\d+-steps|max-steps)/")

HUGGINGFACE_ROUTES = (
    "cerebras", "fireworks-ai", "groq", "hyperbolic", "nebius", "novita", "nscale", "ovhcloud", "publicai", "sambanova",
    "together",
)  # fmt: skip

VERTEX_SECTIONS = (
    "vertex_ai", "vertex_ai-language-models", "vertex_ai-anthropic_models", "vertex_ai-mistral_models",
    "vertex_ai-llama_models", "vertex_ai-embedding-models", "vertex_ai-deepseek_models", "vertex_ai-qwen_models",
    "vertex_ai-openai_models", "vertex_ai-ai21_models", "vertex_ai-zai_models", "vertex_ai-minimax_models",
    "vertex_ai-moonshot_models", "vertex_ai-video-models", "vertex_ai-text-models",
)  # fmt: skip

VENDORS = (
    Vendor("ai21", litellm={"ai21": "ai21/"}),
    Vendor("anthropic", ("anthropic",), {"anthropic": "anthropic/"}),
    Vendor("arcee", ("arcee",), slash=True),
    Vendor("avian", ("avian",), slash=True),
    Vendor("azure", ("azure",), {"azure": "azure/", "azure_ai": "azure_ai/", "azure_text": "azure/"}),
    Vendor("baseten", ("baseten",), {"baseten": "baseten/"}, slash=True),
    Vendor(
        "bedrock",
        ("aws",),
        {"bedrock_converse": "bedrock/", "bedrock": "bedrock/", "bedrock_mantle": "bedrock_mantle/"},
    ),
    Vendor("cerebras", ("cerebras",), {"cerebras": "cerebras/"}),
    Vendor("cloudflare", ("cloudflare",), {"cloudflare": "cloudflare/"}, slash=True),
    Vendor("cohere", ("cohere",), {"cohere_chat": "cohere/", "cohere": "cohere/"}),
    Vendor("dashscope", litellm={"dashscope": "dashscope/"}),
    Vendor("databricks", ("databricks",), {"databricks": "databricks/"}),
    Vendor("deepinfra", litellm={"deepinfra": "deepinfra/"}, slash=True),
    Vendor("deepseek", ("deepseek",), {"deepseek": "deepseek/"}),
    Vendor("doubleword", ("doubleword",), slash=True),
    Vendor("featherless", litellm={"featherless_ai": "featherless_ai/"}, slash=True),
    Vendor(
        "fireworks",
        ("fireworks",),
        {"fireworks_ai": "fireworks_ai/", "fireworks_ai-embedding-models": "fireworks_ai/"},
        slash=True,
        prefixed_only=True,
    ),
    Vendor("friendli", litellm={"friendliai": "friendliai/"}, slash=True),
    # The first list holds both Google surfaces in one section: Claude and the `-maas` models are on Vertex only.
    Vendor("gemini", ("google",), {"gemini": "gemini/"}, skip=r"^claude|-maas$"),
    Vendor("groq", ("groq",), {"groq": "groq/"}, slash=True),
    Vendor(
        "huggingface", tuple(f"huggingface_{route}" for route in HUGGINGFACE_ROUTES), slash=True, routed=True
    ),
    Vendor("hyperbolic", litellm={"hyperbolic": "hyperbolic/"}, slash=True),
    Vendor("inception", litellm={"inception": "inception/"}),
    Vendor("meta", ("meta",), {"meta": "meta/", "meta_llama": "meta_llama/"}),
    Vendor("minimax", ("minimax",), {"minimax": "minimax/"}),
    Vendor("mistral", ("mistral",), {"mistral": "mistral/"}),
    Vendor("modal", ("modal",), slash=True),
    Vendor("moonshot", ("moonshotai",), {"moonshot": "moonshot/"}),
    Vendor("nebius", litellm={"nebius": "nebius/"}, slash=True),
    Vendor("novita", ("novita",), {"novita": "novita/"}, slash=True),
    Vendor("nscale", litellm={"nscale": "nscale/"}, slash=True),
    Vendor(
        "openai",
        ("openai",),
        {"openai": "openai/", "text-completion-openai": "text-completion-openai/"},
    ),
    Vendor("openrouter", ("openrouter",), {"openrouter": "openrouter/"}, slash=True),
    Vendor("ovhcloud", ("ovhcloud",), {"ovhcloud": "ovhcloud/"}),
    Vendor("perplexity", ("perplexity",), {"perplexity": "perplexity/"}, slash=True),
    Vendor("sambanova", litellm={"sambanova": "sambanova/"}),
    Vendor("scaleway", litellm={"scaleway": "scaleway/"}, slash=True),
    Vendor("together", ("together",), {"together_ai": "together_ai/"}, slash=True, prefixed_only=True),
    Vendor("vertex", ("google",), {section: "vertex_ai/" for section in VERTEX_SECTIONS}, slash=True),
    Vendor("voyage", ("voyageai",), {"voyage": "voyage/"}, input_only=True),
    Vendor("watsonx", litellm={"watsonx": "watsonx/"}, slash=True),
    Vendor("xai", ("x-ai",), {"xai": "xai/"}),
    Vendor("zai", ("zai",), {"zai": "zai/"}),
    Vendor("zhipu", ("zhipuai",), {"bigmodel": "bigmodel/"}),
)
