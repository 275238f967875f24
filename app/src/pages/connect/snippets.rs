//! Snippets for services, ready to run: the address and a flag of this migration are filled in.

use domain::read::ConnectView;
use leptos::prelude::*;

use crate::components::{CodeBlock, icon};

/// One snippet a way of reading; the first sets the variables that the others use.
pub(super) fn snippets(view: &ConnectView, token: Option<&str>) -> impl IntoView + use<> {
    let (url, flag) = (
        view.public_url.trim_end_matches('/'),
        view.example_flag.as_str(),
    );
    let folded = [
        (
            "Every flag at once",
            "The whole snapshot, with its ETag",
            snapshot(),
        ),
        (
            "Shell script",
            "New when the flag says so, old when anything fails",
            shell(flag),
        ),
        (
            "JavaScript",
            "OpenFeature, by its OFREP provider",
            javascript(flag),
        ),
        ("Python", "OpenFeature, by its OFREP provider", python(flag)),
        ("Rust", "OpenFeature, by its OFREP provider", rust(flag)),
    ];
    let folded = folded
        .into_iter()
        .map(|(title, label, code)| {
            view! {
                <details>
                    <summary class="button small plain">{icon("down")} {title}</summary>
                    <CodeBlock label=label code=code />
                </details>
            }
        })
        .collect_view();
    view! {
        <CodeBlock label="Where, and with which token" code=variables(url, token) />
        <CodeBlock label="One flag, by the OpenFeature Remote Evaluation Protocol" code=single(flag) />
        {folded}
    }
}

fn variables(url: &str, token: Option<&str>) -> String {
    let token = token.unwrap_or("sb_sdk_...");
    format!("export SWITCHBACK_URL={url}\nexport SWITCHBACK_TOKEN={token}")
}

fn single(flag: &str) -> String {
    format!(
        r#"curl -sS -X POST "$SWITCHBACK_URL/ofrep/v1/evaluate/flags/{flag}" \
  -H "Authorization: Bearer $SWITCHBACK_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{{"context":{{"targetingKey":"user-1"}}}}'"#
    )
}

fn snapshot() -> String {
    r#"curl -sS -i "$SWITCHBACK_URL/api/v1/flags" -H "Authorization: Bearer $SWITCHBACK_TOKEN""#
        .to_owned()
}

fn shell(flag: &str) -> String {
    format!(
        r#"use_new() {{  # use_new SUBJECT
  [ "$(curl -fsS -m 2 -X POST "$SWITCHBACK_URL/ofrep/v1/evaluate/flags/{flag}" \
    -H "Authorization: Bearer $SWITCHBACK_TOKEN" -H "Content-Type: application/json" \
    -d "{{\"context\":{{\"targetingKey\":\"$1\"}}}}" | jq -r .value)" = true ]
}}
if use_new "$(hostname)"; then ./new.sh; else ./old.sh; fi"#
    )
}

fn javascript(flag: &str) -> String {
    format!(
        r"// npm install @openfeature/server-sdk @openfeature/ofrep-provider @openfeature/ofrep-core
import {{ OpenFeature }} from '@openfeature/server-sdk';
import {{ OFREPProvider }} from '@openfeature/ofrep-provider';

await OpenFeature.setProviderAndWait(new OFREPProvider({{
  baseUrl: process.env.SWITCHBACK_URL,
  headers: [['Authorization', `Bearer ${{process.env.SWITCHBACK_TOKEN}}`]],
}}));
const flags = OpenFeature.getClient();
const useNew = await flags.getBooleanValue('{flag}', false, {{ targetingKey: 'user-1' }});"
    )
}

fn python(flag: &str) -> String {
    format!(
        r#"# pip install openfeature-sdk openfeature-provider-ofrep
import os
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

headers = {{"Authorization": f"Bearer {{os.environ['SWITCHBACK_TOKEN']}}"}}
api.set_provider(OFREPProvider(os.environ["SWITCHBACK_URL"], headers_factory=lambda: headers))
flags = api.get_client()
use_new = flags.get_boolean_value("{flag}", False, EvaluationContext(targeting_key="user-1"))"#
    )
}

fn rust(flag: &str) -> String {
    format!(
        r#"// cargo add open-feature open-feature-ofrep reqwest
use open_feature::{{EvaluationContext, provider::FeatureProvider}};
use open_feature_ofrep::{{OfrepOptions, OfrepProvider}};
use reqwest::header::{{AUTHORIZATION, HeaderMap, HeaderValue}};

let token = std::env::var("SWITCHBACK_TOKEN")?;
let mut headers = HeaderMap::new();
headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {{token}}"))?);
let flags = OfrepProvider::new(OfrepOptions {{
    base_url: std::env::var("SWITCHBACK_URL")?,
    headers,
    ..Default::default()
}})
.await?;
let subject = EvaluationContext::default().with_targeting_key("user-1");
let use_new = flags.resolve_bool_value("{flag}", &subject).await.is_ok_and(|found| found.value);"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_asks_for_the_flag_and_sends_the_token() {
        let flag = "ledger.parcel_ledger";
        for code in [
            single(flag),
            shell(flag),
            javascript(flag),
            python(flag),
            rust(flag),
        ] {
            assert!(code.contains(flag), "{code}");
            assert!(
                code.contains("SWITCHBACK_TOKEN") && code.contains("SWITCHBACK_URL"),
                "{code}"
            );
        }
    }

    #[test]
    fn json_and_templates_survive_the_formatting() {
        let single = single("a.b");
        assert!(
            single.contains(r#"'{"context":{"targetingKey":"user-1"}}'"#),
            "{single}"
        );
        let shell = shell("a.b");
        assert!(
            shell.contains(r#""{\"context\":{\"targetingKey\":\"$1\"}}""#),
            "{shell}"
        );
        assert!(javascript("a.b").contains("`Bearer ${process.env.SWITCHBACK_TOKEN}`"));
        assert!(python("a.b").contains("{os.environ['SWITCHBACK_TOKEN']}"));
    }

    #[test]
    fn the_token_just_made_is_filled_in() {
        assert!(variables("http://x", Some("sb_sdk_abc")).ends_with("SWITCHBACK_TOKEN=sb_sdk_abc"));
    }
}
