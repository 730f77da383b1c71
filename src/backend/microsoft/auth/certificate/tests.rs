use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::*;

/// A key that was made for this test and is good for nothing else (PKCS #1), and a certificate for it.
const KEY: &str = "\
MIIEowIBAAKCAQEArdNJTTp31JMgHdQpT/rvXU4j080uhRGxGTgoenT7kG3Y529xzL47OQxRrVpeXi4yYDJERH1P2qkXz1fFqd7eOtsg/ijpCB\
bWNuSPb0fTc/urxfflRBYZWvL2R56ICt8vGq5X8IxbgO1LIeQB90ItiNDzvdjqc/ffrSAnrDshUqyXWLhwgPX3XPXYgECOdAKF22SfRheoQi7q\
D4HHGoaOjmVkLmbCTRT833Fx33wb+7p/1YD5u1LbRBjwf6+kd2tr53B/rYEjdnFalCg3jufevW2q6omAe1Bl6yJBmACcmSZ9Tf9T5qd2M2OBV7\
lwo4xJX60xoirFP/EqpB0PNpEt6QIDAQABAoIBAAZLmCSFYRCgUXHzHJnqbx/UdCS4Eh68oMrWh1TEBtZYvBnJpffxzchHo2+hTbigeK+WMnW+\
ihVTuWqHdb+stCSyifPafHIQDasIRQ+VLNnO/A4b58A7AqkSEoxOeAPYyGZxePrbwnadYXK1RML1MRv64VD3WapgiEfHWdh5fb/2M992Whc1JL\
JOZLsQMf8SuR/ZdYj489mJxVRhgJj9549jndH3zk+iCVJGwsK932SaTv6Ksqib+hKccQYlNiZV8n5XMMaPxJUdbSDwVwjPw5d45rJIlLAbCouK\
kqZL8gf/n3C8yMyrXq2/0q4h8d1mVC/Wn480byPGe0FUkw5RRrkCgYEA5t15LukTih339UoCBXVyrvDu5g2jlMGrYL8euGnk/ZzMVvPxCbwkJ8\
FpCcbB/8XXMCGTKn0H2YssB4wvQaTyVDH8Dr6Z+q47TeQC5cM/3V4AVduXqu+/WLl3t7U5W+ArjiSDci5HAknf1j7XJyiTwbfWEbCAuYMgZZ9/\
sfCeVoUCgYEAwMAJNr9H/CmuH3R8cF+3x4nPeTbkDTF+wEBHxZAqbo82cn9eBCCEAlRwKWCLt4cw2bkIDR7WgDrWn2/V/j1nQraDeYjdb8PXij\
+1Joc+C7OcVwiotbUDXUT1v6q8boOgxZkXn8UxjRWFIcydeWLKMhtEuBh+YVqZHJ5iUxekURUCgYEAilToePBVseu1GLfosCaouiRJsXU4sDi/\
nK/IE434FPKwCeYPZtrh+yRL8Py0X7LG9uMXUF0sp/BZSIh6BGZ2gXaV5qvUjb16cXiPN+cfTGA36To0DcusJtiy4FPpc6DF2F0Omgsap0dmpP\
RwbNlGd8vUrDLLXt0wO1Qv6ooYBhUCgYBrvOtphpGeCU4iluHXjikTh5xIjL38AeZvX36+l06gbbxpU3ghpmsjQj9PYX+3HgHYMOynKM2M71Z3\
1/MtIPVO/OWQUUg06KrZw7JlzsKHl+WTYGus5Xjz8U/Lyot42mpLCL+Dtp1z1suLkOuUpfuO9l765/X8RL/Al2cuOtDF4QKBgERmWiY4KrJ5e1\
D3J8KnVc+9vSjRaO0IxYWp4RQscIPQ5CyYTHTCVRX2MrUEq3sGMnAAGbTeUw8unxNUrS/U6TX4KmqMFGM58b17xVaSasZi2Qnmk1pvTgXh7fau\
RPDOh+QupKj94TCQ6rGmkF33EV1GyoUN0O6BJBJChiXNy0Rb";
const CERTIFICATE: &str = "\
MIIDCzCCAfOgAwIBAgIUCu1Fw7T4MNxi7zyD9EtBNi33Dg4wDQYJKoZIhvcNAQELBQAwFDESMBAGA1UEAwwJdGVzdCBvbmx5MCAXDTI2MTEyMj\
AwMzQzMVoYDzIxMjYxMDI5MDAzNDMxWjAUMRIwEAYDVQQDDAl0ZXN0IG9ubHkwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCt00lN\
OnfUkyAd1ClP+u9dTiPTzS6FEbEZOCh6dPuQbdjnb3HMvjs5DFGtWl5eLjJgMkREfU/aqRfPV8Wp3t462yD+KOkIFtY25I9vR9Nz+6vF9+VEFh\
la8vZHnogK3y8arlfwjFuA7Ush5AH3Qi2I0PO92Opz99+tICesOyFSrJdYuHCA9fdc9diAQI50AoXbZJ9GF6hCLuoPgccaho6OZWQuZsJNFPzf\
cXHffBv7un/VgPm7UttEGPB/r6R3a2vncH+tgSN2cVqUKDeO5969barqiYB7UGXrIkGYAJyZJn1N/1Pmp3YzY4FXuXCjjElfrTGiKsU/8SqkHQ\
82kS3pAgMBAAGjUzBRMB0GA1UdDgQWBBT3qd5/UlvFJYCGGwKSYJmHM+GscDAfBgNVHSMEGDAWgBT3qd5/UlvFJYCGGwKSYJmHM+GscDAPBgNV\
HRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCUHUc/Z8jMnacZTvjCoIXaXxg1Qbp0ARGqR9euhEq9x5vfAPeahL3iIIf1tcDVXKRUiK\
JToh819RWeaWynD7GpaKitz3CDMEaxzqc7Eru+LPFlIQgr1XVU7rmuEWCgeCWJZwlE257gixH3YfU+3kU/KyGUqmI8cIFz0LLS1IBlWn0iqSP8\
tAC8lGptGD+eQnTrBHFVIIr9ZeZH2eHc3Eh93v84ZwlQam5AxEVzdE/ZD0h1KqRufmyzF2+2kClLfr/8o9jHUMWdPweBekBpbK5uF2BG+6tIZt\
6zkFdkYXIk3RbexxBeiedMauAcVRFUce7Bb1icdgx6wU9QFK9FSod6";
/// What `openssl x509 -outform DER | sha256sum` says of it, in base64url.
const THUMBPRINT: &str = "KhAxfMXMwms9Otv88XOX3oLIyxNgvZ9cs02j9m2-CkI";

fn pem(kind: &str, base64: &str) -> String {
    format!("-----BEGIN {kind}-----\n{base64}\n-----END {kind}-----\n")
}

/// The same key in a PKCS #8 envelope.
fn pkcs8() -> String {
    let inner = STANDARD.decode(KEY).unwrap();
    let length = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
    let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let mut body = vec![0x02, 0x01, 0x00];
    body.extend(algorithm);
    body.extend([0x04, 0x82]);
    body.extend(length(inner.len()));
    body.extend(inner);
    let mut whole = vec![0x30, 0x82];
    whole.extend(length(body.len()));
    whole.extend(body);
    STANDARD.encode(whole)
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

#[test]
fn an_assertion_is_signed_and_says_what_entra_wants() {
    for key in [pem("RSA PRIVATE KEY", KEY), pem("PRIVATE KEY", &pkcs8())] {
        let text = format!("{}{key}", pem("CERTIFICATE", CERTIFICATE));
        let certificate = Certificate::parse("app.pem", text.as_bytes()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let token = certificate.sign("app", "https://login.example/t/oauth2/v2.0/token", now, Uuid::nil()).unwrap();
        let header = part(&token, 0);
        assert_eq!((&header["alg"], &header["x5t#S256"]), (&json!("PS256"), &json!(THUMBPRINT)));
        assert_eq!(header.get("x5c"), None);
        assert_eq!(
            part(&token, 1),
            json!({ "aud": "https://login.example/t/oauth2/v2.0/token", "iss": "app", "sub": "app",
                "jti": Uuid::nil().to_string(), "iat": 1_767_225_600, "nbf": 1_767_225_600, "exp": 1_767_225_900 })
        );
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, certificate.key.public());
        public.verify(signed.as_bytes(), &signature).unwrap();
        assert!(public.verify(b"something else", &signature).is_err());
        let with_chain = certificate.with_chain(true).sign("app", "a", now, Uuid::nil()).unwrap();
        assert_eq!(part(&with_chain, 0)["x5c"], json!([CERTIFICATE]));
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_with_a_way_out() {
    let both = |key: String| format!("{}{key}", pem("CERTIFICATE", CERTIFICATE));
    let refused: Vec<String> = [
        b"\x30\x82\x01\x00 binary".to_vec(),
        both(pem("ENCRYPTED PRIVATE KEY", KEY)).into_bytes(),
        pem("RSA PRIVATE KEY", KEY).into_bytes(),
        pem("CERTIFICATE", CERTIFICATE).into_bytes(),
        both(pem("EC PRIVATE KEY", "MAA=")).into_bytes(),
        both(pem("PRIVATE KEY", "MAA=")).into_bytes(),
        both(pem("PRIVATE KEY", "!!!")).into_bytes(),
    ]
    .iter()
    .map(|bytes| {
        let error = Certificate::parse("app.pfx", bytes).err().unwrap();
        format!("{}\n  help: {}", error.what, error.help.unwrap())
    })
    .collect();
    insta::assert_snapshot!(refused.join("\n"));
    let missing = Certificate::read("no/such\u{7}file.pem").err().unwrap();
    assert!(missing.what.starts_with("cannot read the certificate `no/such\\u{7}file.pem`: "), "{missing}");
}

#[test]
fn nothing_of_the_key_is_printed() {
    let text = format!("{}{}", pem("CERTIFICATE", CERTIFICATE), pem("RSA PRIVATE KEY", KEY));
    let certificate = Certificate::parse("app.pem", text.as_bytes()).unwrap();
    let application = Application { tenant: "t".to_owned(), client: "app".to_owned() };
    let shown = format!("{:?}", certificate.assertion(&application, Cloud::China));
    assert_eq!(shown, r#"Signed { client: "app", .. }"#);
}
