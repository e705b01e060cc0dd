from __future__ import annotations

import pytest

from rtadapt.reading.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The council has voted to close the old swimming pool at the end of the year.", "en"),
        ("Der Stadtrat hat beschlossen, das alte Schwimmbad zum Jahresende zu schließen.", "de"),
        ("El ayuntamiento ha decidido cerrar la piscina antigua a finales de año.", "es"),
        ("Le conseil municipal a décidé de fermer la vieille piscine à la fin de l'année.", "fr"),
        ("Il consiglio comunale ha deciso di chiudere la vecchia piscina alla fine dell'anno.", "it"),
        ("A câmara municipal decidiu fechar a piscina antiga no fim do ano.", "pt"),
        ("De gemeenteraad heeft besloten het oude zwembad aan het eind van het jaar te sluiten.", "nl"),
        ("市议会决定在年底关闭旧游泳池，2026年不再开放。", "zh"),
        ("市議会は年末に古いプールを閉鎖することを決めました。", "ja"),
        ("Городской совет решил закрыть старый бассейн.", ""),
        ("RX-7 12:30 4,99", ""),
        ("", ""),
    ],
)
def test_a_language_is_told_by_its_script_and_commonest_words(text: str, code: str) -> None:
    assert language_of(text) == code
