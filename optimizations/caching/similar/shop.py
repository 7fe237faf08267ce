"""What a shop calls its things. For another trade write a vocabulary like this
one, and hand it in:

    partial(disagreement, vocabulary=GENERAL + MINE)
"""

from __future__ import annotations

from optimizations.caching.similar.vocabulary import Vocabulary

SHOP = Vocabulary(
    """
    buy purchase; price cost fee; parcel package shipment;
    deliver delivery ship shipping; item article product; guarantee warranty;
    discount rebate; shop store; reimburse refund; invoice bill;
    voucher coupon; topup recharge
    """,
    """
    buy/sell pay/receive pay/refund deposit/withdraw subscribe/unsubscribe
    cheap/expensive cheaper/dearer cheapest/dearest buyer/seller
    supplier/customer paid/unpaid
    """,
    """
    card transfer voucher cash cheque
    """,
)
